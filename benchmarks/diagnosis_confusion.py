"""The confusion table of the diagnosis: every cause that one node can be made to show, and what it is taken for.

Each fault is produced for real on the local cluster: Deployments that fail, applies that are refused, nodes that
nobody runs, Services that lead nowhere. The faults are those of tests/cluster/kubernetes. A sound Deployment stands
beside them. Whatever is made goes at the end.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex

from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, connect, diagnose_service
from runbook.parameters import Parameters
from runbook.targets import PROJECT, load_target

sys.path.insert(0, str(PROJECT))

from tests.cluster.kubernetes import laboratory, nodes, refusals, surroundings
from tests.cluster.kubernetes.conftest import deployer
from tests.cluster.kubernetes.faults import FAULTS

GOAL_CAUSES = 40
PATIENCE_S = 90.0
SLOW_PATIENCE_S = 240.0
Pairs = list[tuple[str, str]]


def main() -> None:
    """Produce everything, print the table and the summary."""
    options = arguments()
    parameters = load_target("local")
    cluster = connect(parameters)
    began = time.monotonic()
    with namespaces(cluster) as new_namespace:
        pairs = [
            *rollouts(cluster, parameters, new_namespace, slow=not options.quick),
            *on_nodes(cluster, parameters, new_namespace()),
            *refused(cluster, parameters, new_namespace),
            *services(cluster, new_namespace()),
        ]
    print(f"{platform.platform()}, Kubernetes {cluster.version}, {time.monotonic() - began:.0f} s")
    print(laboratory.confusion(pairs))
    causes = {produced for produced, _ in pairs} - {laboratory.HEALTHY}
    wrong = sum(produced != found for produced, found in pairs)
    summary = {
        "benchmark": "diagnosis_confusion",
        "figures": {"workloads": len(pairs), "causes": len(causes), "wrong": wrong},
        "goal": {"causes": GOAL_CAUSES, "wrong": 0},
        "met": len(causes) >= GOAL_CAUSES and not wrong,
    }
    print(json.dumps(summary))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="leave out what shows late, and further faults of the same causes"
    )
    return parser.parse_args()


@contextmanager
def namespaces(cluster: Cluster) -> Iterator[Callable[..., str]]:
    """Makes namespaces, which go at the end."""
    made: list[str] = []

    def make(labels: dict[str, str] | None = None) -> str:
        name = f"confusion-{token_hex(4)}"
        metadata = {"name": name, "labels": {**surroundings.MADE_BY_TESTS, **(labels or {})}}
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        made.append(name)
        return name

    try:
        yield make
    finally:
        for name in made:
            with suppress(ClusterError):
                cluster.delete("Namespace", name)
        surroundings.clear(cluster)


def rollouts(cluster: Cluster, parameters: Parameters, new_namespace: Callable[..., str], *, slow: bool) -> Pairs:
    """Deployments that fail, each in its own way, and a sound one."""
    chosen = {name: fault for name, fault in FAULTS.items() if slow or not fault.slow}
    with surroundings.registry():
        where = laboratory.begin(cluster, chosen, new_namespace, deployer(cluster, parameters))
        seen = laboratory.observe(cluster, where, chosen, SLOW_PATIENCE_S if slow else PATIENCE_S)
    laboratory.end(cluster, where, chosen)
    return laboratory.pairs_of(seen.values())


def on_nodes(cluster: Cluster, parameters: Parameters, namespace: str) -> Pairs:
    """Pods that want a node with a fault."""
    found = nodes.diagnose_all(cluster, namespace, deployer(cluster, parameters))
    return [(nodes.NODES[name].cause, one.id if one else laboratory.HEALTHY) for name, one in found.items()]


def refused(cluster: Cluster, parameters: Parameters, new_namespace: Callable[..., str]) -> Pairs:
    """Applies that are refused."""

    def target() -> Parameters:
        return parameters.model_copy(update={"namespace": new_namespace()})

    return [(one.cause, refusals.cause_of(cluster, target(), one)) for one in refusals.REFUSALS.values()]


def services(cluster: Cluster, namespace: str) -> Pairs:
    """A Service that selects nothing."""
    spec = {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}
    metadata = {"name": "nowhere", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    found = diagnose_service(cluster, namespace, "nowhere")
    return [("D55", found.id if found else laboratory.HEALTHY)]


if __name__ == "__main__":
    main()
