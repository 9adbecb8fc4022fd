"""Every fault begun at once, and what the diagnosis says of each while time passes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, Diagnosis
from runbook.kubernetes.diagnosis import judge
from runbook.kubernetes.workload import Workload

from . import surroundings
from .faults import Fault

Json = dict[str, Any]
PERIOD_S = 1.0
HEALTHY = "sound"


@dataclass
class Observation:
    """What was said of one Deployment.

    Attributes:
        fault: Its fault; None where it is sound.
        last: The last diagnosis; None where the rollout was complete.
        seconds: When that was first said, counted from the beginning of all.
        certain: Every cause that a wait would have ended for at once.
    """

    fault: Fault | None
    last: Diagnosis | None = None
    seconds: float = 0.0
    certain: set[str] = field(default_factory=set)

    @property
    def found(self) -> str:
        return self.last.id if self.last else HEALTHY

    @property
    def is_settled(self) -> bool:
        """Whether it is what has to be said, in the words that are expected."""
        if self.fault is None:
            return self.last is None
        words = self.fault.words.lower()
        return self.last is not None and self.last.id == self.fault.cause and words in str(self.last).lower()


class Moment:
    """The cluster as one moment shows it: each list is read once, for all Deployments."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._lists: dict[tuple[str, str | None], list[Json]] = {}

    def list(self, kind: str, namespace: str | None = None) -> list[Json]:
        key = (kind, namespace)
        if key not in self._lists:
            self._lists[key] = self.cluster.list(kind, namespace)
        return self._lists[key]

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        return next((one for one in self.list(kind, namespace) if one["metadata"]["name"] == name), None)

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 20) -> str:
        return self.cluster.log(namespace, pod, container, previous=previous, lines=lines)


def begin(
    cluster: Cluster,
    faults: Mapping[str, Fault],
    new_namespace: Callable[..., str],
    deploy: Callable[..., None],
) -> dict[str, str]:
    """Begin every fault, and a sound Deployment beside them: the namespace of each."""
    shared = new_namespace({})
    where = {name: new_namespace(fault.labels) if fault.lives_alone else shared for name, fault in faults.items()}
    deploy(shared, HEALTHY)

    def make(name: str) -> None:
        fault, namespace = faults[name], where[name]
        if fault.rule:
            cluster.create({**fault.rule, "metadata": {"name": "rule", "namespace": namespace}})
        if fault.before:
            fault.before(cluster, namespace, name)
        deploy(namespace, name, fault.spoil)
        if fault.after:
            fault.after(cluster, namespace, name)

    with ThreadPoolExecutor(12) as pool:
        begun = [pool.submit(make, name) for name in faults]
    failed = [one.exception() for one in begun if one.exception()]
    if failed:
        end(cluster, where, faults)
        raise ExceptionGroup("not every fault could be begun", [one for one in failed if isinstance(one, Exception)])
    return {HEALTHY: shared, **where}


def end(cluster: Cluster, where: Mapping[str, str], faults: Mapping[str, Fault]) -> None:
    """Let go of what was held back, and begin the removal of every namespace."""
    # Namespaces first: in one that is going no pod is made anew.
    for namespace in dict.fromkeys(where.values()):
        with suppress(ClusterError):
            cluster.delete("Namespace", namespace)
    for name, fault in faults.items():
        if fault.after and name in where:
            surroundings.release(cluster, where[name])
    surroundings.clear(cluster)


def observe(
    cluster: Cluster, where: Mapping[str, str], faults: Mapping[str, Fault], patience_s: float
) -> dict[str, Observation]:
    """What is said of each, until all is as it has to be or the time is over."""
    seen = {name: Observation(faults.get(name)) for name in where}
    started = time.monotonic()
    while time.monotonic() - started < patience_s:
        moment = Moment(cluster)
        for name in _unsettled(seen):
            try:
                _look(seen[name], judge(Workload(moment, where[name], name)), time.monotonic() - started)
            except ClusterError:
                continue
        if not _unsettled(seen):
            break
        time.sleep(PERIOD_S)
    return seen


def _look(seen: Observation, found: Diagnosis | None, elapsed_s: float) -> None:
    if found is None or seen.last is None or found.id != seen.last.id:
        seen.seconds = elapsed_s
    seen.last = found
    if found is not None and found.patience_s == 0 and found.id != "D00":
        seen.certain.add(found.id)


def _unsettled(seen: Mapping[str, Observation]) -> list[str]:
    return [name for name, one in seen.items() if not (one.is_settled and one.seconds)]


def pairs_of(seen: Iterable[Observation]) -> list[tuple[str, str]]:
    """What was produced, and what was found."""
    return [(one.fault.cause if one.fault else HEALTHY, one.found) for one in seen]


def confusion(pairs: list[tuple[str, str]]) -> str:
    """The confusion table, a row for each cause produced: how often, and what it was taken for."""
    lines = ["produced  times  found"]
    for produced in sorted({produced for produced, _ in pairs}):
        found = Counter(one for cause, one in pairs if cause == produced)
        words = ", ".join(f"{one} {count}" for one, count in sorted(found.items()))
        lines.append(f"{produced:<8}  {found.total():>5}  {words}")
    wrong = sum(produced != found for produced, found in pairs)
    causes = len({produced for produced, _ in pairs} - {HEALTHY})
    return "\n".join([*lines, f"{len(pairs)} produced, {causes} causes, {wrong} taken for another"])
