"""The arithmetic of quotas: what the namespace allows, what others use, what the pod and its claim need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from runbook.errors import ApplyRefused
from runbook.hardware import parse_quantity
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.manifests import Manifest

FINISHED = frozenset({"Failed", "Succeeded"})


@dataclass(frozen=True)
class QuotaRoom:
    """One resource of one quota.

    Attributes:
        namespace: Namespace of the quota.
        quota: Name of the ResourceQuota.
        resource: What it counts, such as `limits.memory`.
        hard: What it allows, in cores, bytes or pieces.
        others: What is used by others than the Deployment and claims of the manifests.
        needed: What the manifests need.
    """

    namespace: str
    quota: str
    resource: str
    hard: Decimal
    others: Decimal
    needed: Decimal

    @property
    def left(self) -> Decimal:
        """What is left when the manifests have what they need; negative where it does not fit."""
        return self.hard - self.others - self.needed

    def __str__(self) -> str:
        def shown(amount: Decimal) -> str:
            return quantity(amount, self.resource)

        return (
            f"{self.resource}: {shown(self.needed)} needed + {shown(self.others)} used by others, "
            f"{shown(self.hard)} allowed by {self.quota}, {shown(self.left)} left"
        )


def quota_room(cluster: Cluster, manifests: Iterable[Manifest], namespace: str) -> tuple[QuotaRoom, ...]:
    """What every quota of a namespace would say to the manifests, those it is about to get included.

    With Recreate the pod that runs now is gone before its successor is made, so it does not count.
    """
    wanted = tuple(one for one in manifests if one.namespace == namespace)
    try:
        quotas = {
            one["metadata"]["name"]: one["spec"].get("hard") or {} for one in cluster.list("ResourceQuota", namespace)
        }
        pods, claims = cluster.list("Pod", namespace), cluster.list("PersistentVolumeClaim", namespace)
    except Refusal:
        return ()
    quotas |= {one.name: one.body["spec"].get("hard") or {} for one in wanted if one.kind == "ResourceQuota"}
    ours = [one.body["spec"] for one in wanted if one.kind == "Deployment"]
    selectors = [spec["selector"].get("matchLabels", {}) for spec in ours]
    own_claims = {one.name for one in wanted if one.kind == "PersistentVolumeClaim"}
    foreign = [pod for pod in pods if not any(_selected(pod, labels) for labels in selectors)]
    others = _sum(
        [*_pod_uses(foreign), *_claim_uses(one for one in claims if one["metadata"]["name"] not in own_claims)]
    )
    needed = _sum(
        [
            *(use for spec in ours for _ in range(spec.get("replicas", 1)) for use in _uses(spec["template"]["spec"])),
            *_claim_uses(one.body for one in wanted if one.kind == "PersistentVolumeClaim"),
        ]
    )
    return tuple(
        QuotaRoom(
            namespace,
            name,
            resource,
            parse_quantity(str(hard)),
            others.get(resource, Decimal(0)),
            needed.get(resource, Decimal(0)),
        )
        for name, limits in sorted(quotas.items())
        for resource, hard in sorted(limits.items())
        if resource in COUNTED
    )


COUNTED = frozenset(
    {
        *(
            f"{side}.{resource}"
            for side in ("requests", "limits")
            for resource in ("cpu", "memory", "ephemeral-storage")
        ),
        "pods",
        "cpu",
        "memory",
        "persistentvolumeclaims",
        "requests.storage",
    }
)


def require_room(rooms: Iterable[QuotaRoom]) -> None:
    """Refuse an apply that a quota would let begin and then stop.

    Raises:
        ApplyRefused: A quota does not have the room; the sums are said.
    """
    short = [room for room in rooms if room.left < 0 and room.needed > 0]
    if not short:
        return
    namespace = short[0].namespace
    raise ApplyRefused(
        f"The quota of the namespace {namespace} has no room for it: "
        f"{', '.join(dict.fromkeys(room.resource for room in short))}. Nothing was changed.",
        why="; ".join(map(str, short)),
        next=f"Lower the requests and limits in the target, or have the quota raised; `kubectl describe quota "
        f"-n {namespace}` and `kubectl get pods -n {namespace}` show who uses it. See 91_troubleshoot, section Quota.",
        cause="D10",
    )


def quantity(amount: Decimal, resource: str) -> str:
    """An amount for people: memory and storage in GiB, CPU in cores, the rest as a number."""
    if resource.endswith(("memory", "storage")):
        return f"{amount / (1 << 30):.2f} GiB"
    return f"{amount.normalize():f}"


def _uses(pod: Json) -> Iterator[tuple[str, Decimal]]:
    """What a pod takes of each resource that a quota counts."""
    yield "pods", Decimal(1)
    for container in pod.get("containers") or ():
        resources = container.get("resources") or {}
        limits = resources.get("limits") or {}
        # A request that is not stated is the limit.
        for side, amounts in (("requests", {**limits, **(resources.get("requests") or {})}), ("limits", limits)):
            for name, amount in amounts.items():
                yield f"{side}.{name}", parse_quantity(str(amount))
                if side == "requests" and name in ("cpu", "memory"):
                    yield name, parse_quantity(str(amount))


def _pod_uses(pods: Iterable[Json]) -> Iterator[tuple[str, Decimal]]:
    for pod in pods:
        if (pod.get("status") or {}).get("phase") not in FINISHED:
            yield from _uses(pod["spec"])


def _claim_uses(claims: Iterable[Json]) -> Iterator[tuple[str, Decimal]]:
    for claim in claims:
        yield "persistentvolumeclaims", Decimal(1)
        yield "requests.storage", parse_quantity(str(claim["spec"]["resources"]["requests"]["storage"]))


def _sum(uses: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for resource, amount in uses:
        total[resource] = total.get(resource, Decimal(0)) + amount
    return total


def _selected(pod: Json, labels: dict[str, str]) -> bool:
    return bool(labels) and labels.items() <= (pod["metadata"].get("labels") or {}).items()
