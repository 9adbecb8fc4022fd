"""Whether what a step left behind still holds on the live cluster: one function for each step that may be skipped.

A function is handed the live cluster and what the earlier run found, changes nothing, takes well under a second,
and answers with a check. A step without one always runs: it reports, plans or diagnoses the present.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runbook.checks import Check
from runbook.parameters import Parameters

if TYPE_CHECKING:
    from runbook.kubernetes import Cluster

STABLE_NODE_FACTS = (
    "name",
    "architecture",
    "cpus",
    "cpus_allocatable",
    "memory_allocatable_bytes",
    "ready",
    "schedulable",
    "kubelet_version",
)


@dataclass(frozen=True)
class Scene:
    """What a step's work is held against.

    Attributes:
        parameters: The target.
        cluster: Its cluster; None where the run has none.
        results: What the earlier run found, by key.
    """

    parameters: Parameters
    cluster: Any
    results: Mapping[str, Any] = field(default_factory=dict)

    @property
    def live(self) -> Cluster:
        """The cluster.

        Raises:
            KeyError: The run has none.
        """
        if self.cluster is None:
            raise KeyError("the run has no cluster")
        found: Cluster = self.cluster
        return found


Holding = Callable[[Scene], Check]
"""Says whether what a step left still holds; a check that did not pass means that the step runs."""


def same_cluster(scene: Scene) -> Check:
    """00: the cluster is the one that was looked at, at the same version."""
    before, live = scene.results["cluster"], scene.live
    same = (before["uid"], before["version"]) == (live.uid, live.version)
    return Check.that("The cluster is the same", same, live.title)


def same_nodes(scene: Scene) -> Check:
    """01: the nodes are those of the survey, with the same CPUs and memory, and ready."""
    from runbook.hardware import survey
    from runbook.kubernetes import list_nodes

    now = [_stable(vars(node)) for node in survey(list_nodes(scene.live), (), None, ()).nodes]
    before = [_stable(node) for node in scene.results["hardware"]["nodes"]]
    names = ", ".join(str(node["name"]) for node in now)
    return Check.that("The nodes are those of the survey", now == before, f"now: {names or 'none'}")


def computed(scene: Scene) -> Check:  # noqa: ARG001 - it asks nobody
    """02: it only computes, and what it computed from is unchanged."""
    return Check.that("It computes from what it read, which is unchanged", True, "the digests are the same")


def applied(scene: Scene) -> Check:
    """03: an apply would change nothing, and what was applied runs as it is meant to."""
    from runbook.kubernetes import load_manifests, plan, rollout_checks

    name = "The cluster holds what the manifests say"
    changes = [
        one.title for one in plan(scene.live, load_manifests(scene.parameters)).changes if one.action != "unchanged"
    ]
    if changes:
        return Check.that(name, False, f"an apply would change {', '.join(changes)}")
    failed = [one for one in rollout_checks(scene.live, scene.parameters) if one.status == "failed"]
    return Check.that(name, not failed, "; ".join(f"{one.name}: {one.evidence}" for one in failed) or "plan is empty")


def pulled(scene: Scene) -> Check:
    """04: every model is on the volume, with the digest it had."""
    from runbook.kubernetes import port_forward
    from runbook.ollama import Ollama, find_stored

    with port_forward(scene.live, scene.parameters.namespace, "ollama", 11434) as address, Ollama(address) as server:
        stored = server.tags()
    before = {one["name"]: one["digest"] for one in scene.results["models"]}
    found = [(name, find_stored(name, stored)) for name in scene.parameters.models]
    other = [name for name, one in found if one is None or before.get(one.name) != one.digest]
    said = "; ".join(f"{one.name} {one.digest[:12]}" for _, one in found if one)
    return Check.that("The models are on the volume as pulled", not other, said or "none")


def same_server(scene: Scene) -> Check:
    """05 and 06: the pod that answered then serves now, from the same image, with the same models."""
    from runbook.kubernetes import wait_for_rollout

    before = scene.results["rollout"]
    now = wait_for_rollout(scene.live, scene.parameters.namespace, "ollama", timeout_s=0)
    name = "The pod that answered serves still"
    if (now.pod, now.image_id) != (before["pod"], before["image_id"]):
        return Check.that(name, False, f"it was {before['pod']}, now it is {now.pod}")
    models = pulled(scene)
    return Check.that(name, models.status == "passed", f"{now.pod}; {models.evidence}")


def _stable(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: node.get(key) for key in STABLE_NODE_FACTS}


HOLDING: Mapping[str, Holding] = {
    "00_start_here": same_cluster,
    "01_hardware": same_nodes,
    "02_model_selection": computed,
    "03_apply": applied,
    "04_pull": pulled,
    "05_verify": same_server,
    "06_measure": same_server,
}
"""The steps that may be skipped. 07 reports the run it is in, 90 plans and 91 diagnoses what is there now."""
