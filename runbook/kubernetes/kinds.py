"""The kinds of objects this room reads and writes: where the API keeps each, and the order they are applied in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    Attributes:
        name: Kind as a manifest spells it.
        api_version: Group and version, as a manifest spells them.
        plural: Name of the collection in a path.
        namespaced: Whether its objects live in a namespace.
    """

    name: str
    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, name: str | None = None, namespace: str | None = None) -> str:
        """Path of one object, or of the collection: in one namespace, or everywhere without one."""
        root = "/api/v1" if self.api_version == "v1" else f"/apis/{self.api_version}"
        middle = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{middle}/{self.plural}" + (f"/{name}" if name else "")


# Applied in this order, removed in the reverse: what restricts a pod stands before the pod does.
APPLY_ORDER = (
    Kind("Namespace", "v1", "namespaces", namespaced=False),
    Kind("ResourceQuota", "v1", "resourcequotas"),
    Kind("LimitRange", "v1", "limitranges"),
    Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    Kind("ServiceAccount", "v1", "serviceaccounts"),
    Kind("ConfigMap", "v1", "configmaps"),
    Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    Kind("Service", "v1", "services"),
    Kind("Deployment", "apps/v1", "deployments"),
)

READ_ONLY = (
    Kind("DaemonSet", "apps/v1", "daemonsets"),
    Kind("EndpointSlice", "discovery.k8s.io/v1", "endpointslices"),
    Kind("Event", "v1", "events"),
    Kind("Ingress", "networking.k8s.io/v1", "ingresses"),
    Kind("Job", "batch/v1", "jobs"),
    Kind("Node", "v1", "nodes", namespaced=False),
    Kind("NodeMetrics", "metrics.k8s.io/v1beta1", "nodes", namespaced=False),
    Kind("PersistentVolume", "v1", "persistentvolumes", namespaced=False),
    Kind("Pod", "v1", "pods"),
    Kind("PodMetrics", "metrics.k8s.io/v1beta1", "pods"),
    Kind("ReplicaSet", "apps/v1", "replicasets"),
    Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings"),
    Kind("Secret", "v1", "secrets"),
    Kind("StatefulSet", "apps/v1", "statefulsets"),
    Kind("StorageClass", "storage.k8s.io/v1", "storageclasses", namespaced=False),
)

KINDS = {kind.name: kind for kind in (*APPLY_ORDER, *READ_ONLY)}
RANK = {kind.name: rank for rank, kind in enumerate(APPLY_ORDER)}
