"""What is refused before anything is sent: contradictions of the manifests, and objects that another tool keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runbook.errors import ApplyRefused
from runbook.kubernetes.api import Json
from runbook.kubernetes.cluster import FIELD_MANAGER
from runbook.kubernetes.manifests import Manifest
from runbook.kubernetes.origin import ORIGIN
from runbook.kubernetes.owners import is_controller

HELM_RELEASE = "meta.helm.sh/release-name"
HELM_NAMESPACE = "meta.helm.sh/release-namespace"


def require_one_writer(manifests: Iterable[Manifest]) -> None:
    """Refuse a Deployment whose pods would share a volume that only one node may write.

    Raises:
        ApplyRefused: More than one replica, or a rolling update, on a ReadWriteOnce claim.
    """
    wanted = tuple(manifests)
    lonely = {
        one.name
        for one in wanted
        if one.kind == "PersistentVolumeClaim" and "ReadWriteMany" not in one.body["spec"].get("accessModes", ())
    }
    for manifest in wanted:
        if manifest.kind == "Deployment":
            for claim in sorted(lonely & set(claims_of(manifest.body["spec"]["template"]["spec"]))):
                _require_one_writer(manifest, claim)


def _require_one_writer(manifest: Manifest, claim: str) -> None:
    spec = manifest.body["spec"]
    replicas, strategy = spec.get("replicas", 1), (spec.get("strategy") or {}).get("type", "RollingUpdate")
    if replicas > 1:
        fault, mend = f"has {replicas} replicas", "Set `replicas: 1`"
    elif strategy != "Recreate":
        fault, mend = f"is replaced by a {strategy}, which starts the new pod beside the old", "Set `type: Recreate`"
    else:
        return
    raise ApplyRefused(
        f"Deployment {manifest.name} ({manifest.source}) {fault}, on a volume for one writer. Nothing was changed.",
        why=f"the claim {claim} is ReadWriteOnce: on another node the second pod would wait for ever, on the same "
        "node both would write the models",
        next=f"{mend} in {manifest.source}; several pods need a ReadWriteMany claim. The data is not touched. "
        "See 91_troubleshoot, section Storage.",
    )


def claims_of(pod: Json) -> Iterator[str]:
    """Names of the claims that a pod mounts."""
    for volume in pod.get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"]


def kept_by_helm(manifest: Manifest, live: Json) -> ApplyRefused | None:
    """The error for an object of a Helm release: both would write it, each undoing the other."""
    annotations = live["metadata"].get("annotations") or {}
    release = annotations.get(HELM_RELEASE)
    if not release:
        return None
    where = annotations.get(HELM_NAMESPACE, manifest.namespace or "")
    keep = f"`kubectl annotate pvc --all -n {where} helm.sh/resource-policy=keep` keeps the volume and its models; "
    return ApplyRefused(
        f"{manifest.kind} {manifest.name} belongs to the Helm release {release}. Nothing was changed.",
        why=f"{HELM_RELEASE}: {release}, {HELM_NAMESPACE}: {where}; the next `helm upgrade` would undo the apply",
        next=f"Choose another `namespace` in the target, or give the release up: {keep}then `helm uninstall {release} "
        f"-n {where}`, and apply again. See 91_troubleshoot, section Apply.",
    )


def adoption(live: Json | None) -> str:
    """What to say of an object that was there before the first apply of ours; empty for any other."""
    if live is None or ORIGIN in (live["metadata"].get("annotations") or {}):
        return ""
    writers = {one["manager"] for one in live["metadata"].get("managedFields") or () if not one.get("subresource")}
    makers = sorted(one for one in writers if one != FIELD_MANAGER and not is_controller(one))
    if not makers:
        return ""
    return f"it was made before by {', '.join(makers)} and is adopted: a rollback leaves it"
