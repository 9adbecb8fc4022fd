"""Storage classes: what volumes the cluster can make for the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DEFAULT_ANNOTATION: Final = "storageclass.kubernetes.io/is-default-class"

# A class does not say which access modes its volumes have, its driver decides; from the drivers' own documentation.
# ReadWriteOnce is one node at a time, ReadWriteMany several.
ONE, MANY = "ReadWriteOnce", "ReadWriteMany"
ACCESS_MODES: Final = {
    "driver.longhorn.io": (ONE, MANY),
    "rancher.io/local-path": (ONE,),
    "k8s.io/minikube-hostpath": (ONE, MANY),
    "docker.io/hostpath": (ONE,),
    "microk8s.io/hostpath": (ONE, MANY),
    "openebs.io/local": (ONE,),
    "topolvm.io": (ONE,),
    "ebs.csi.aws.com": (ONE,),
    "pd.csi.storage.gke.io": (ONE,),
    "disk.csi.azure.com": (ONE,),
    "rook-ceph.rbd.csi.ceph.com": (ONE,),
    "rook-ceph.cephfs.csi.ceph.com": (ONE, MANY),
    "nfs.csi.k8s.io": (ONE, MANY),
    "cluster.local/nfs-subdir-external-provisioner": (ONE, MANY),
}


@dataclass(frozen=True)
class StorageClass:
    """A kind of volume that the cluster offers.

    Attributes:
        name: Its name.
        provisioner: What makes its volumes.
        is_default: Whether a claim that names no class gets this one.
        binding_mode: `Immediate`, or `WaitForFirstConsumer` where a claim stays Pending until a pod uses it.
        reclaim_policy: What happens to the data when the claim goes: `Delete` or `Retain`.
        expandable: Whether a claim can be enlarged later.
        access_modes: What its driver's volumes can do; None where the driver is not known here.
    """

    name: str
    provisioner: str
    is_default: bool
    binding_mode: str
    reclaim_policy: str
    expandable: bool
    access_modes: tuple[str, ...] | None = None


def storage_class(body: Mapping[str, Any]) -> StorageClass:
    """A storage class from the API's dict."""
    metadata = body.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    return StorageClass(
        name=str(metadata.get("name", "")),
        provisioner=str(body.get("provisioner", "")),
        is_default=annotations.get(DEFAULT_ANNOTATION) == "true",
        binding_mode=str(body.get("volumeBindingMode") or "Immediate"),
        reclaim_policy=str(body.get("reclaimPolicy") or "Delete"),
        expandable=bool(body.get("allowVolumeExpansion")),
        access_modes=ACCESS_MODES.get(str(body.get("provisioner", ""))),
    )
