"""Causes of the volume: the claim that does not bind, and the volume that is not mounted."""

from __future__ import annotations

import re
from dataclasses import replace

from runbook.kubernetes.api import Json
from runbook.kubernetes.known import Diagnosis, Known, recognise
from runbook.kubernetes.workload import Workload, condition, container_statuses

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
CLAIM_EVENTS = ("ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "VolumeMismatch", "ClaimLost")
MOUNT_EVENTS = (
    "FailedAttachVolume",
    "FailedMount",
    "FailedMapVolume",
    "FailedCreatePodSandBox",
    "VolumePermissionChangeInProgress",
)
PROVISIONER_PATIENCE_S = 120.0
BIND_PATIENCE_S = 60.0
MOUNT_PATIENCE_S = 120.0

CLAIM: tuple[Known, ...] = (
    Known(
        "D27",
        "Storage",
        r'Cannot bind to requested volume "(?P<volume>[^"]+)": (?P<why>.+)',
        "The claim {claim} names the volume {volume}, which does not fit it: {why}",
        "Correct `volumeName`, or the size, class and access mode; the volume's data stays as it is.",
    ),
    Known(
        "D25",
        "Storage",
        r'failed to provision volume with StorageClass "(?P<sc>[^"]+)": (?P<why>.+)',
        "The storage class {sc} cannot make a volume for the claim {claim}: {why}",
        "Mend what it names; the log of the class's provisioner says more: `kubectl get pods -A`.",
        PROVISIONER_PATIENCE_S,
    ),
    Known(
        "D25",
        "Storage",
        r"external provisioner '(?P<provisioner>[^']+)'",
        "The claim {claim} waits for the provisioner {provisioner}, which has not made a volume yet.",
        "See whether the provisioner's pod runs: `kubectl get pods -A`; then its log.",
        PROVISIONER_PATIENCE_S,
    ),
    Known(
        "D24",
        "Storage",
        r"no storage class is set",
        "The claim {claim} names no storage class and the cluster has no default one. It has: {classes}.",
        "Set `storage_class` in the target and re-create the claim, which is still empty; or mark a class as the "
        "default, which the claim then takes by itself.",
    ),
)

MOUNT: tuple[Known, ...] = (
    Known(
        "D28",
        "Storage",
        r'Multi-Attach error for volume "(?P<volume>[^"]+)"\s+Volume is already (?P<how>.+)',
        "The volume {volume} is still attached elsewhere: {how}",
        "Wait up to 6 minutes for it to be let go; see which pod holds it with `kubectl get pods -o wide -A`. "
        "Never delete the VolumeAttachment of a node that is alive.",
        patience_s=420.0,
    ),
    Known(
        "D28",
        "Storage",
        r"timed out waiting for external-attacher of (?P<driver>\S+) CSI driver",
        "The storage driver {driver} does not attach the volume.",
        "See whether the driver's pods run: `kubectl get pods -A`.",
        MOUNT_PATIENCE_S,
    ),
    Known(
        "D29",
        "Configuration",
        r'MountVolume\.SetUp failed for volume "(?P<volume>[^"]+)" : (?P<kind>\w+) "(?P<name>[^"]+)" not found',
        "The pod mounts the {kind} {name}, which does not exist.",
        "Create it; the pod goes on by itself.",
        patience_s=30.0,
    ),
    Known(
        "D30",
        "Storage",
        r'path "(?P<path>[^"]+)" does not exist|hostPath type check failed: (?P<check>\S+)',
        "The volume's folder {path}{check} does not exist on the node.",
        "See whether the disk is mounted there before making the folder: an empty folder would hide the models.",
        patience_s=30.0,
    ),
    Known(
        "D31",
        "Storage",
        r"[Ss]etting volume ownership for (?P<path>\S+)",
        "The node sets the owner of every file on the volume, which takes long when there are many.",
        "Wait; nothing is wrong. `fsGroupChangePolicy: OnRootMismatch`, as in manifests/ai/, does it only once.",
        patience_s=None,
    ),
    Known(
        "D32",
        "Node",
        r'no runtime for "(?P<handler>[^"]+)" is configured',
        "The pod's RuntimeClass wants the handler {handler}, which the node's container runtime does not have.",
        "Drop `runtimeClassName`: Ollama needs none; or configure the handler on the node.",
    ),
    Known(
        "D32",
        "Node",
        r'failed to get sandbox image "(?P<image>[^"]+)"',
        "The node cannot get its own pause image {image}, so no pod can start on it.",
        "Give the node's container runtime that image; the manifest is not at fault.",
        patience_s=30.0,
    ),
    Known(
        "D32",
        "Node",
        r'plugin type="(?P<plugin>[^"]+)"',
        "The node's network plugin {plugin} cannot set up the pod's network.",
        "Mend the network of the node (`kubectl get pods -n kube-system -o wide`); the manifest is not at fault.",
        MOUNT_PATIENCE_S,
    ),
)


def claim_is_not_bound(workload: Workload) -> Diagnosis | None:
    """D21 and D24 to D27: the claim is the reason, and the pod that waits for it only the symptom."""
    if workload.pod is None or workload.pod["spec"].get("nodeName"):
        return None
    found = (_claim(workload, name, claim) for name, claim in workload.claims.items())
    return next((one for one in found if one), None)


def volume_is_not_mounted(workload: Workload) -> Diagnosis | None:
    """D28 to D32: the node is chosen, and the pod's volume or network is not set up."""
    pod = workload.pod
    waiting = {((status.get("state") or {}).get("waiting") or {}).get("reason") for status in container_statuses(pod)}
    if pod is None or not waiting & {"ContainerCreating", "PodInitializing"}:
        return None
    events = workload.events(pod, *MOUNT_EVENTS)
    specific = [event for event in events if "unmounted volumes=" not in event.message] or events
    for event in specific:
        if found := recognise(MOUNT, event.message, evidence=str(event)):
            return found
    if not specific:
        return None
    return Diagnosis(
        "D30",
        "Storage",
        "The pod's volumes are not mounted.",
        str(specific[0]),
        "Mend what the event names; `kubectl describe pod` shows the rest.",
        MOUNT_PATIENCE_S,
    )


def _claim(workload: Workload, name: str, claim: Json | None) -> Diagnosis | None:
    """The cause of one claim that is not bound."""
    if claim is None:
        return Diagnosis(
            "D21",
            "Storage",
            f"The claim {name} that the pod mounts does not exist.",
            f"404 for PersistentVolumeClaim {name} in the namespace {workload.namespace}",
            f"Apply it with 03_apply; `kubectl get pvc -n {workload.namespace}` lists those there are.",
            patience_s=10.0,
        )
    if "deletionTimestamp" in claim["metadata"]:
        return Diagnosis(
            "D21",
            "Storage",
            f"The claim {name} is being deleted.",
            f"deletionTimestamp {claim['metadata']['deletionTimestamp']}",
            "Keep its volume first if the models matter: set the volume's reclaim policy to Retain. Then apply again.",
        )
    phase = (claim.get("status") or {}).get("phase", "Pending")
    if phase == "Bound":
        return None
    return _lost(name, claim) if phase == "Lost" else _pending(workload, name, claim)


def _lost(name: str, claim: Json) -> Diagnosis:
    volume = claim["spec"].get("volumeName", "?")
    return Diagnosis(
        "D27",
        "Storage",
        f"The claim {name} has lost its volume {volume}.",
        "phase Lost",
        f"The storage may still exist: make the PersistentVolume {volume} again with reclaim policy Retain.",
    )


def _pending(workload: Workload, name: str, claim: Json) -> Diagnosis | None:
    """The cause of a claim that waits: a class that is not there, its provisioner, or a volume of an earlier claim."""
    wanted = claim["spec"].get("storageClassName")
    classes = {one["metadata"]["name"]: one for one in workload.storage_classes}
    listed = ", ".join(sorted(classes)) or "none"
    # Volumes that were made by hand need no class of that name to exist.
    by_hand = any(one["spec"].get("storageClassName") == wanted for one in workload.volumes)
    if wanted and classes and wanted not in classes and not by_hand:
        return _no_class(name, claim, wanted, listed, workload)
    if not wanted and wanted != "" and not any(_is_default(one) for one in classes.values()):
        return recognise(CLAIM, "no storage class is set", claim=name, classes=listed)
    # The latest event may only say that the claim still waits; one that says why ranks above it.
    events = workload.events(claim, *CLAIM_EVENTS)
    for row in CLAIM:
        for event in events:
            if found := recognise((row,), event.message, evidence=str(event), claim=name, classes=listed):
                return found
    return _released(workload, name, wanted)


def _no_class(name: str, claim: Json, wanted: str, listed: str, workload: Workload) -> Diagnosis:
    events = workload.events(claim, "ProvisioningFailed")
    return Diagnosis(
        "D24",
        "Storage",
        f"The claim {name} wants the storage class {wanted}, which does not exist. The cluster has: {listed}.",
        str(events[0]) if events else f"claim {name} is Pending with storageClassName {wanted}",
        f"Set `storage_class` in the target to one of them and delete the claim, which is still empty "
        f"(`kubectl delete pvc {name} -n {workload.namespace}`); or create the class, and the claim binds by itself.",
    )


def _released(workload: Workload, name: str, wanted: str | None) -> Diagnosis | None:
    """D26: the scheduler finds no volume; one of an earlier claim is there, with the models on it."""
    message = condition(workload.pod, "PodScheduled").get("message", "")
    if not re.search(r"didn't find available persistent volumes to bind|unbound immediate", message):
        return None
    same = [one for one in workload.volumes if (one["spec"].get("storageClassName") or "") == (wanted or "")]
    old = [one["metadata"]["name"] for one in same if (one.get("status") or {}).get("phase") == "Released"]
    found = Diagnosis(
        "D26",
        "Storage",
        f"No volume is free for the claim {name}.",
        message,
        "Make one of its size, class and access mode: `kubectl get pv` shows what there is.",
        BIND_PATIENCE_S,
    )
    if not old:
        return found
    return replace(
        found,
        cause=f"No volume is free for the claim {name}; {old[0]} is, but belongs to an earlier claim, with its data.",
        evidence=f"volume {old[0]} is Released; {message}",
        remedy=f"To get the old models back, point it at the new claim: remove `claimRef.uid` from {old[0]} "
        f"(`kubectl edit pv {old[0]}`).",
    )


def _is_default(storage_class: Json) -> bool:
    annotations = storage_class["metadata"].get("annotations") or {}
    return annotations.get(DEFAULT_CLASS) == "true"
