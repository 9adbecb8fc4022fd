"""Ways to have an apply refused: each is named for its fault, and says which cause it has to be taken for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, Manifest, apply, load_manifests, plan
from runbook.parameters import Parameters

from . import surroundings
from .accounts import as_account

Json = dict[str, Any]
# What is refused: the cluster, and the target whose namespace is the fault's own.
Refuse = Callable[[Cluster, Parameters], object]


@dataclass(frozen=True)
class Refusing:
    """A way to be refused, and the cause it has to be taken for."""

    cause: str
    attempt: Refuse


REFUSALS: dict[str, Refusing] = {}


def refusal(cause: str) -> Callable[[Refuse], Refuse]:
    """Registers a way to be refused under the name of its function."""

    def register(attempt: Refuse) -> Refuse:
        REFUSALS[attempt.__name__.replace("_", "-")] = Refusing(cause, attempt)
        return attempt

    return register


def asleep(parameters: Parameters, **values: Any) -> tuple[Manifest, ...]:
    """The manifests with a Deployment of no pods: what is applied is looked at, not run."""
    manifests = load_manifests(parameters.model_copy(update=values))
    manifests[-1].body["spec"]["replicas"] = 0
    return manifests


def deployment_path(target: Parameters) -> str:
    return f"/apis/apps/v1/namespaces/{target.namespace}/deployments/ollama"


def cause_of(cluster: Cluster, target: Parameters, refusing: Refusing) -> str:
    """The cause that the refusal is taken for; `accepted` where nothing was refused."""
    try:
        refusing.attempt(cluster, target)
    except ClusterError as error:
        return error.cause or "unknown"
    return "accepted"


@refusal("D01")
def field_of_somebody_else(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    query = {"fieldManager": "neighbour"}
    body = {"spec": {"replicas": 3, "paused": True}}
    path = deployment_path(target)
    cluster.request("PATCH", path, query=query, body=body, content_type=surroundings.MERGE)
    apply(cluster, asleep(target))


@refusal("D02")
def claim_being_deleted(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    path = f"/api/v1/namespaces/{target.namespace}/persistentvolumeclaims/ollama-models"
    hold = {"metadata": {"finalizers": surroundings.HOLD}}
    cluster.request("PATCH", path, body=hold, content_type=surroundings.MERGE)
    cluster.delete("PersistentVolumeClaim", "ollama-models", target.namespace)
    try:
        apply(cluster, asleep(target))
    finally:
        free = {"metadata": {"finalizers": None}}
        cluster.request("PATCH", path, body=free, content_type=surroundings.MERGE)


@refusal("D03")
def another_selector(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    manifests = asleep(target)
    manifests[-1].body["spec"]["selector"]["matchLabels"]["tier"] = "x"
    manifests[-1].body["spec"]["template"]["metadata"]["labels"]["tier"] = "x"
    apply(cluster, manifests)


@refusal("D03")
def another_storage_class(cluster: Cluster, target: Parameters) -> None:
    apply(cluster, asleep(target))
    apply(cluster, asleep(target, storage_class="elsewhere"))


@refusal("D04")
def recreate_over_a_rolling_update(cluster: Cluster, target: Parameters) -> None:
    rolling = asleep(target)[-1]
    rolling.body["spec"]["strategy"] = {"type": "RollingUpdate"}
    cluster.apply(rolling.body)
    apply(cluster, asleep(target))


@refusal("D05")
def a_class_that_cannot_grow(cluster: Cluster, target: Parameters) -> None:
    surroundings.volume(cluster, target.namespace)
    small = target.model_copy(update={"storage_class": target.namespace, "storage_size": "1Gi"})
    apply(cluster, asleep(small))
    surroundings.bound(cluster, target.namespace, "ollama-models")
    apply(cluster, asleep(small, storage_size="2Gi"))


@refusal("D06")
def an_account_without_rights(cluster: Cluster, target: Parameters) -> None:
    with as_account(cluster, target.namespace, "bare") as bare:
        plan(bare, asleep(target))


@refusal("D07")
def a_namespace_being_deleted(cluster: Cluster, target: Parameters) -> None:
    surroundings.delete_held_namespace(cluster, target.namespace, "")
    try:
        apply(cluster, asleep(target))
    finally:
        surroundings.release(cluster, target.namespace)


@refusal("D09")
def a_misspelt_field(cluster: Cluster, target: Parameters) -> None:
    manifests = asleep(target)
    manifests[-1].body["spec"]["replcas"] = 1
    plan(cluster, manifests)


@refusal("D10")
def a_quota_without_room(cluster: Cluster, target: Parameters) -> None:
    body: Json = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"limits.memory": "1Gi"}}}
    cluster.create({**body, "metadata": {"name": "tight", "namespace": target.namespace}})
    apply(cluster, load_manifests(target))


@refusal("D12")
def a_claim_above_the_limit_range(cluster: Cluster, target: Parameters) -> None:
    limits = [{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]
    body: Json = {"apiVersion": "v1", "kind": "LimitRange", "spec": {"limits": limits}}
    cluster.create({**body, "metadata": {"name": "narrow", "namespace": target.namespace}})
    apply(cluster, asleep(target))
