"""What a namespace holds that this project did not make: everything that a deletion of it would take along."""

from __future__ import annotations

from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import MANAGED_BY, Cluster

# Controllers make these of other objects.
DERIVED = frozenset(
    {"bindings", "controllerrevisions", "endpoints", "endpointslices", "events", "leases", "localsubjectaccessreviews"}
)
DERIVED_GROUPS = frozenset({"metrics.k8s.io", "events.k8s.io"})
# Every namespace has these by itself.
BORN_WITH = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
# Where the server does not list its kinds, these are looked at.
USUAL = tuple(
    [("v1", plural, kind)
    for plural, kind in (("pods", "Pod"), ("services", "Service"), ("persistentvolumeclaims", "PersistentVolumeClaim"),
                         ("configmaps", "ConfigMap"), ("secrets", "Secret"), ("serviceaccounts", "ServiceAccount"))]
    + [("apps/v1", plural, kind)
    for plural, kind in (("deployments", "Deployment"), ("statefulsets", "StatefulSet"), ("daemonsets", "DaemonSet"))]
    + [("batch/v1", "jobs", "Job"), ("batch/v1", "cronjobs", "CronJob")]
)  # fmt: skip
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def foreign_objects(cluster: Cluster, namespace: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Objects of a namespace that are not ours and that no controller made, and the kinds that may not be listed."""
    found: list[str] = []
    hidden: list[str] = []
    for version, plural, kind in _kinds(cluster):
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        try:
            items = cluster.request("GET", f"{root}/namespaces/{namespace}/{plural}").body.get("items") or ()
        except Refusal as refusal:
            if refusal.code == 403:
                hidden.append(kind)
            continue
        found += [f"{kind} {one['metadata']['name']}" for one in items if _is_foreign(kind, one)]
    return tuple(dict.fromkeys(found)), tuple(hidden)


def _is_foreign(kind: str, one: Json) -> bool:
    meta = one["metadata"]
    ours = MANAGED_BY.items() <= (meta.get("labels") or {}).items()
    return not ours and not meta.get("ownerReferences") and (kind, meta["name"]) not in BORN_WITH


def _kinds(cluster: Cluster) -> tuple[tuple[str, str, str], ...]:
    """Version, plural and kind of everything that lives in namespaces and can be listed, custom kinds included."""
    groups: list[Json] = []
    for path in ("/api", "/apis"):
        try:
            groups += cluster.request("GET", path, accept=DISCOVERY).body.get("items") or ()
        except Refusal:
            return USUAL
    found = tuple(kind for group in groups for kind in _of_group(group))
    return found or USUAL


def _of_group(group: Json) -> list[tuple[str, str, str]]:
    name = group["metadata"].get("name") or ""
    versions = group.get("versions") or ()
    if name in DERIVED_GROUPS or not versions:
        return []
    best = versions[0]
    version = f"{name}/{best['version']}" if name else best["version"]
    return [
        (version, one["resource"], one["responseKind"]["kind"])
        for one in best.get("resources") or ()
        if one.get("scope") == "Namespaced" and "list" in one.get("verbs", ()) and one["resource"] not in DERIVED
    ]
