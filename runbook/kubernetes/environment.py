"""The environment of a pod's container, as it is written in the pod."""

from __future__ import annotations

from runbook.kubernetes.cluster import Cluster


def pod_environment(cluster: Cluster, namespace: str, pod: str) -> dict[str, str]:
    """The variables of a pod's first container; those that come from a Secret or another reference are left out."""
    spec = (cluster.get("Pod", pod, namespace) or {}).get("spec") or {}
    container = (spec.get("containers") or [{}])[0]
    return {one["name"]: one["value"] for one in container.get("env") or () if "value" in one}
