"""A short pod on a node that reads what the API does not tell, and measures the memory.

It runs in a namespace of its own that enforces `restricted`, or, where none may be made, in the target's and within
what its quota leaves. The scheduler places it like any other pod, so taints and requests are respected. It asks for a
sixteenth of the memory that is free, at most 1 GiB, ends by itself after a minute, and is removed whatever happens;
what a killed run left behind, the next one removes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Final

from runbook.errors import ClusterError
from runbook.hardware import Machine, NodeFacts, machine, node_program, parse_quantity
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import MANAGED_BY, Cluster
from runbook.kubernetes.pods import probe_pod, run_pod
from runbook.kubernetes.workload import condition, container_statuses, parse_time
from runbook.parameters import Parameters

LABELS: Final = {**MANAGED_BY, "app.kubernetes.io/component": "survey"}
RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}
DEADLINE_S: Final = 60.0
MEASURE_S: Final = 1.5
# Whatever a killed run left has ended by then, and what runs now is not touched.
LEFT_BEHIND_S: Final = 2 * DEADLINE_S
MOST_NODES: Final = 8
MEMORY_SHARE: Final = 16
LEAST_BYTES, MOST_BYTES = 96 << 20, 1 << 30
INTERPRETER_BYTES: Final = 32 << 20
CPU_REQUEST: Final = Decimal("0.05")
# What a container waits for without ever getting it.
HOPELESS: Final = frozenset({"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError"})


@dataclass(frozen=True)
class Probed:
    """What the pods on the nodes found.

    Attributes:
        machines: Name of a node to its machine.
        unknown: What was not measured, and why.
    """

    machines: dict[str, Machine] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resources:
    """What a probe asks for.

    Attributes:
        memory_bytes: Its memory, asked for and limited to.
        cpu_request: CPUs it asks for.
        cpu_limit: CPUs it is limited to; None for all of the node.
    """

    memory_bytes: int
    cpu_request: Decimal = CPU_REQUEST
    cpu_limit: Decimal | None = None

    def to_json(self) -> Json:
        """As a container states them."""
        limits = {"memory": str(self.memory_bytes)}
        if self.cpu_limit is not None:
            limits["cpu"] = f"{int(self.cpu_limit * 1000)}m"
        return {
            "requests": {"cpu": f"{int(self.cpu_request * 1000)}m", "memory": str(self.memory_bytes)},
            "limits": limits,
        }


def probe_nodes(
    cluster: Cluster,
    parameters: Parameters,
    nodes: Sequence[NodeFacts],
    *,
    progress: Callable[[str], object] = lambda _: None,
    measure_s: float = MEASURE_S,
) -> Probed:
    """Probe nodes one after the other, the first few of those that take pods; nothing that goes wrong is an error.

    Args:
        cluster: Where.
        parameters: The image of the probe, and the namespace to fall back to.
        nodes: The nodes, the most interesting first.
        progress: Is told which node is measured.
        measure_s: How long the memory is measured, in seconds.
    """
    image = parameters.probe_image
    if image is None:
        return Probed(unknown=("CPU, swap and memory bandwidth: the target names no probe_image",))
    sweep(cluster, parameters.namespace)
    chosen = [node for node in nodes if node.schedulable][:MOST_NODES]
    unknown = [_passed_over(node) for node in nodes if node not in chosen]
    machines: dict[str, Machine] = {}
    try:
        with _place(cluster, parameters) as (namespace, is_own):
            for node in chosen:
                progress(f"measuring the memory of {node.name}")
                try:
                    resources = _resources(cluster, namespace, node, is_own=is_own)
                    machines[node.name] = _probe(cluster, namespace, image, node.name, resources, measure_s)
                except (ClusterError, ValueError) as error:
                    unknown.append(f"CPU, swap and memory bandwidth of {node.name}: {_words(error)}")
    except ClusterError as error:
        unknown.append(f"CPU, swap and memory bandwidth: no pod can be started to measure: {_words(error)}")
    return Probed(machines, tuple(unknown))


def sweep(cluster: Cluster, namespace: str, *, older_than_s: float = LEFT_BEHIND_S) -> int:
    """Remove probes and their namespaces that a killed run left behind; returns how many there were."""
    selector = ",".join(f"{key}={value}" for key, value in LABELS.items())
    removed, now = 0, datetime.now(UTC)
    for kind, where in (("Namespace", None), ("Pod", namespace)):
        # Who may not list them has left none behind.
        with suppress(Refusal):
            for one in cluster.list(kind, where, labels=selector):
                meta = one["metadata"]
                if (now - parse_time(meta["creationTimestamp"])).total_seconds() >= older_than_s:
                    removed += cluster.delete(kind, meta["name"], where, uid=meta["uid"])
    return removed


@contextmanager
def _place(cluster: Cluster, parameters: Parameters) -> Iterator[tuple[str, bool]]:
    """The namespace to probe in, and whether it is one of our own, which is removed afterwards."""
    name = f"runbook-survey-{token_hex(3)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {**LABELS, **RESTRICTED}}}
    try:
        cluster.create(body)
    except Refusal as refusal:
        if refusal.code != 403:
            raise
        yield parameters.namespace, False
        return
    try:
        yield name, True
    finally:
        with suppress(ClusterError):
            cluster.delete("Namespace", name)


def _resources(cluster: Cluster, namespace: str, node: NodeFacts, *, is_own: bool) -> Resources:
    share = node.memory_schedulable_bytes // MEMORY_SHARE
    wanted = Resources(min(MOST_BYTES, max(LEAST_BYTES, share)))
    return wanted if is_own else within_quotas(wanted, cluster.list("ResourceQuota", namespace))


def within_quotas(wanted: Resources, quotas: Sequence[Json]) -> Resources:
    """The resources cut down to what every quota leaves.

    Raises:
        ClusterError: What is left is too little to measure with; with the arithmetic.
    """
    memory, request, limit = Decimal(wanted.memory_bytes), wanted.cpu_request, wanted.cpu_limit
    for left in map(_left, quotas):
        memory = min(memory, *_named(left, "limits.memory", "requests.memory", "memory"))
        request = min(request, *_named(left, "requests.cpu", "cpu"))
        if "limits.cpu" in left:
            limit = left["limits.cpu"] if limit is None else min(limit, left["limits.cpu"])
    if memory < LEAST_BYTES or request <= 0 or (limit is not None and limit < request):
        cpu = "any number of" if limit is None else f"{limit:g}"
        raise ClusterError(
            "The quota of the namespace leaves too little for a probe.",
            why=f"left: {memory / 2**20:.0f} MiB and {cpu} CPUs; needed: {LEAST_BYTES / 2**20:.0f} MiB and some CPU",
        )
    return Resources(int(memory), request, limit)


def _named(left: Mapping[str, Decimal], *names: str) -> Iterator[Decimal]:
    """What is left by these names, and no bound at all, so that there is always something to compare with."""
    yield Decimal("Infinity")
    yield from (left[name] for name in names if name in left)


def _left(quota: Json) -> dict[str, Decimal]:
    status = quota.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    return {name: max(Decimal(0), parse_quantity(hard[name]) - parse_quantity(used.get(name, "0"))) for name in hard}


def _probe(cluster: Cluster, namespace: str, image: str, node: str, resources: Resources, measure_s: float) -> Machine:
    """Run the program on a node and read what it says.

    Raises:
        ClusterError: The pod was refused, could not run, or failed.
        ValueError: It printed something else.
    """
    body = survey_pod(namespace, image, node, resources, measure_s)
    result = run_pod(cluster, body, DEADLINE_S, is_hopeless=_is_hopeless)
    if result.exit_code:
        raise ClusterError(f"the probe ended with {result.exit_code}", why=result.output[-200:])
    return machine(json.loads(result.output.splitlines()[-1] if result.output else "null"))


def survey_pod(namespace: str, image: str, node: str, resources: Resources, measure_s: float = MEASURE_S) -> Json:
    """The pod that reads and measures a node: restricted like every pod of ours, and placed by the scheduler."""
    program = Path(node_program.__file__).read_text(encoding="utf-8")
    command = ["python3", "-c", program, str(resources.memory_bytes - INTERPRETER_BYTES), str(measure_s)]
    body = probe_pod(namespace, image, command, {}, DEADLINE_S)
    body["metadata"] |= {"name": f"runbook-survey-{token_hex(3)}", "labels": LABELS}
    body["spec"]["containers"][0]["resources"] = resources.to_json()
    body["spec"]["affinity"] = {"nodeAffinity": _only(node)}
    return body


def _only(node: str) -> Json:
    """Node affinity for one node, by which the scheduler still weighs taints and room, as `nodeName` would not."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [field]}]}}


def _is_hopeless(pod: Json) -> bool:
    waiting = [status.get("state", {}).get("waiting", {}).get("reason") for status in container_statuses(pod)]
    return condition(pod, "PodScheduled").get("reason") == "Unschedulable" or bool(HOPELESS.intersection(waiting))


def _passed_over(node: NodeFacts) -> str:
    if node.schedulable:
        return f"memory bandwidth of {node.name}: only the first {MOST_NODES} nodes are measured"
    return f"CPU, swap and memory bandwidth of {node.name}: it takes no pods"


def _words(error: Exception) -> str:
    why = getattr(error, "why", "")
    return f"{getattr(error, 'what', error)} {why}".strip()
