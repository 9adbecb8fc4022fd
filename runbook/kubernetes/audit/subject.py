"""What an audit reads: the Deployment and everything around it, live or as the manifests have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.manifests import DEPLOYMENT, Manifest
from runbook.kubernetes.preflight import claims_of

# None stands for what could not be read, or what only a cluster can say.
Maybe = tuple[Json, ...] | None


@dataclass(frozen=True)
class Subject:
    """The objects that are judged.

    Attributes:
        deployment: The Deployment; live, its defaults are filled in.
        namespace: The namespace.
        services: Services of the namespace.
        claims: Claims of the namespace.
        policies: NetworkPolicies of the namespace.
        quotas: ResourceQuotas of the namespace.
        limit_ranges: LimitRanges of the namespace.
        pods: Pods of the Deployment.
        volumes: PersistentVolumes behind the claims.
        bindings: RoleBindings of the namespace.
        accounts: ServiceAccounts of the namespace.
        ingresses: Ingresses of the namespace.
        slices: EndpointSlices of the namespace.
    """

    deployment: Json
    namespace: Json
    services: tuple[Json, ...] = ()
    claims: tuple[Json, ...] = ()
    policies: tuple[Json, ...] = ()
    quotas: tuple[Json, ...] = ()
    limit_ranges: tuple[Json, ...] = ()
    pods: Maybe = None
    volumes: Maybe = None
    bindings: Maybe = None
    accounts: Maybe = None
    ingresses: Maybe = None
    slices: Maybe = None

    @property
    def pod(self) -> Json:
        """The spec of the pod, as the Deployment's template has it."""
        spec: Json = self.deployment.get("spec", {}).get("template", {}).get("spec", {})
        return spec

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the pod."""
        template = self.deployment.get("spec", {}).get("template", {})
        labels: dict[str, str] = (template.get("metadata") or {}).get("labels") or {}
        return labels

    @property
    def containers(self) -> Iterator[tuple[tuple[str, ...], Json]]:
        """Every container with its place in the pod's spec, those that run first included."""
        for field in ("initContainers", "containers"):
            for one in self.pod.get(field) or ():
                yield (field, one["name"]), one


def of_manifests(manifests: Iterable[Manifest]) -> Subject:
    """The subject as the manifests have it: what only a cluster knows stays unknown."""
    bodies: dict[str, list[Json]] = {}
    for one in manifests:
        bodies.setdefault(one.kind, []).append(one.body)

    def all_of(kind: str) -> tuple[Json, ...]:
        return tuple(bodies.get(kind, ()))

    return Subject(
        deployment=next((one for one in all_of("Deployment") if one["metadata"]["name"] == DEPLOYMENT), {}),
        namespace=next(iter(all_of("Namespace")), {}),
        services=all_of("Service"),
        claims=all_of("PersistentVolumeClaim"),
        policies=all_of("NetworkPolicy"),
        quotas=all_of("ResourceQuota"),
        limit_ranges=all_of("LimitRange"),
    )


def of_cluster(cluster: Cluster, namespace: str) -> Subject | None:
    """The subject as it lives; None where there is no Deployment yet.

    Raises:
        Refusal: The login may not read the Deployment or what stands beside it.
    """
    deployment = cluster.get("Deployment", DEPLOYMENT, namespace)
    if deployment is None:
        return None
    claims = tuple(cluster.list("PersistentVolumeClaim", namespace))
    selector = deployment["spec"]["selector"].get("matchLabels") or {}
    pods = _try(cluster, "Pod", namespace)
    mounted = set(claims_of(deployment["spec"]["template"]["spec"]))
    names = {one["spec"].get("volumeName") for one in claims if one["metadata"]["name"] in mounted}
    volumes = _try(cluster, "PersistentVolume")
    return Subject(
        deployment=deployment,
        namespace=cluster.get("Namespace", namespace) or {},
        services=tuple(cluster.list("Service", namespace)),
        claims=claims,
        policies=tuple(cluster.list("NetworkPolicy", namespace)),
        quotas=tuple(cluster.list("ResourceQuota", namespace)),
        limit_ranges=tuple(cluster.list("LimitRange", namespace)),
        pods=None if pods is None else tuple(one for one in pods if _has(one, selector)),
        volumes=None if volumes is None else tuple(one for one in volumes if one["metadata"]["name"] in names),
        bindings=_try(cluster, "RoleBinding", namespace),
        accounts=_try(cluster, "ServiceAccount", namespace),
        ingresses=_try(cluster, "Ingress", namespace),
        slices=_try(cluster, "EndpointSlice", namespace),
    )


def _has(one: Json, labels: dict[str, str]) -> bool:
    return labels.items() <= (one["metadata"].get("labels") or {}).items()


def _try(cluster: Cluster, kind: str, namespace: str | None = None) -> Maybe:
    try:
        return tuple(cluster.list(kind, namespace))
    except Refusal:
        return None
