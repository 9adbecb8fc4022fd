"""Ways to spoil a Deployment: each is a function named for its fault, and says which cause it has to be taken for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
# The Deployment's spec, its pod's, and the container.
Spoil = Callable[[Json, Json, Json], object]


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        cause: Identifier of the cause it has to be recognised as.
        words: What the diagnosis has to say.
        spoil: Puts the fault into a Deployment.
        rule: Object that its namespace holds as well, without metadata.
        labels: Labels of its namespace.
    """

    cause: str
    words: str
    spoil: Spoil
    rule: Json = field(default_factory=dict)
    labels: Json = field(default_factory=dict)


FAULTS: dict[str, Fault] = {}


def fault(cause: str, words: str, **more: Json) -> Callable[[Spoil], Spoil]:
    """Registers a fault under the name of its function."""

    def register(spoil: Spoil) -> Spoil:
        name = spoil.__name__.replace("_", "-")
        FAULTS[name] = Fault(cause, words, spoil, **more)
        return spoil

    return register


def mount(pod: Json, **source: Any) -> None:
    pod["volumes"][0] = {"name": "models", **source}


def only(container: Json, **probes: Json) -> None:
    """These probes and no others, impatient."""
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        container.pop(name)
    for name, http in probes.items():
        container[name] = {"httpGet": http, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 2}


def variable(container: Json, **source: Any) -> None:
    container["env"].append({"name": "EXTRA", "valueFrom": source})


def shell(container: Json, script: str) -> None:
    container["command"] = ["sh", "-c", script]


@fault("D37", "no-such-registry.invalid")
def image_from_nowhere(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = "no-such-registry.invalid/ollama:1"


@fault("D39", "UPPER")
def image_name_invalid(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = "UPPER:case"


@fault("D39", "not on the node")
def image_never_pulled(spec: Json, pod: Json, container: Json) -> None:
    container |= {"image": "runbook.local/none:1", "imagePullPolicy": "Never"}


@fault("D18", "asks for 100.00 cpu")
def more_cpu_than_there_is(spec: Json, pod: Json, container: Json) -> None:
    container["resources"] = {"requests": {"cpu": "100"}}


@fault("D20", "disk=tape")
def label_that_no_node_has(spec: Json, pod: Json, container: Json) -> None:
    pod["nodeSelector"] = {"disk": "tape"}


@fault("D23", "nobody")
def scheduler_absent(spec: Json, pod: Json, container: Json) -> None:
    pod["schedulerName"] = "nobody"


@fault("D21", "absent")
def claim_absent(spec: Json, pod: Json, container: Json) -> None:
    mount(pod, persistentVolumeClaim={"claimName": "absent"})


@fault("D24", "tape-robot")
def claim_without_its_class(spec: Json, pod: Json, container: Json) -> None:
    mount(pod, persistentVolumeClaim={"claimName": "classless"})


@fault("D29", "configmap absent")
def configmap_absent(spec: Json, pod: Json, container: Json) -> None:
    mount(pod, configMap={"name": "absent"})


@fault("D30", "does not exist on the node")
def folder_absent(spec: Json, pod: Json, container: Json) -> None:
    mount(pod, hostPath={"path": "/no/such/folder", "type": "Directory"})


@fault("D41", "secret absent")
def secret_absent(spec: Json, pod: Json, container: Json) -> None:
    variable(container, secretKeyRef={"name": "absent", "key": "k"})


@fault("D41", "no key nope")
def key_absent(spec: Json, pod: Json, container: Json) -> None:
    variable(container, configMapKeyRef={"name": "kube-root-ca.crt", "key": "nope"})


@fault("D42", "no-such-command")
def command_absent(spec: Json, pod: Json, container: Json) -> None:
    container["command"] = ["no-such-command"]


@fault("D43", "hook")
def hook_fails(spec: Json, pod: Json, container: Json) -> None:
    container["lifecycle"] = {"postStart": {"exec": {"command": ["false"]}}}


@fault("D44", "limit of 24Mi")
def memory_too_small(spec: Json, pod: Json, container: Json) -> None:
    shell(container, "head -c 200m /dev/zero | tail")
    container["resources"] = {"limits": {"memory": "24Mi"}}


@fault("D46", "read-only file system")
def home_not_writable(spec: Json, pod: Json, container: Json) -> None:
    shell(container, "mkdir /models")


@fault("D46", "the moon is full")
def crash(spec: Json, pod: Json, container: Json) -> None:
    shell(container, "echo the moon is full; exit 3")


@fault("D47", "exit code 0")
def ends_cleanly(spec: Json, pod: Json, container: Json) -> None:
    container["command"] = ["true"]


@fault("D48", "liveness")
def killed_by_its_probe(spec: Json, pod: Json, container: Json) -> None:
    never = {"path": "/", "port": 1}
    only(container, livenessProbe={"path": "/nope", "port": 11434}, readinessProbe=never)


@fault("D49", "statuscode: 404")
def readiness_path_wrong(spec: Json, pod: Json, container: Json) -> None:
    only(container, readinessProbe={"path": "/nope", "port": 11434})


@fault("D49", "connection refused")
def listens_on_loopback(spec: Json, pod: Json, container: Json) -> None:
    container["env"] = [one for one in container["env"] if one["name"] != "OLLAMA_HOST"]
    container["env"].append({"name": "OLLAMA_HOST", "value": "127.0.0.1"})
    only(container, readinessProbe={"path": "/", "port": 11434})


@fault("D16", "scaled to zero")
def scaled_to_zero(spec: Json, pod: Json, container: Json) -> None:
    spec["replicas"] = 0


@fault("D16", "paused")
def paused(spec: Json, pod: Json, container: Json) -> None:
    spec["paused"] = True


@fault("D15", "robot")
def service_account_absent(spec: Json, pod: Json, container: Json) -> None:
    pod["serviceAccountName"] = "robot"


@fault("D15", "urgent")
def priority_absent(spec: Json, pod: Json, container: Json) -> None:
    pod["priorityClassName"] = "urgent"


QUOTA: Json = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"limits.memory": "1Gi"}}}
RANGE: Json = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "spec": {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
}
DEFAULT: Json = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "spec": {"limits": [{"type": "Container", "default": {"memory": "64Mi"}}]},
}


@fault("D10", "limits.memory=2Gi", rule=QUOTA)
def quota_used_up(spec: Json, pod: Json, container: Json) -> None:
    container["resources"]["limits"] = {"memory": "2Gi"}


@fault("D11", "limits.memory", rule=QUOTA)
def quota_wants_limits(spec: Json, pod: Json, container: Json) -> None:
    container["resources"] = {}


@fault("D12", "maximum memory", rule=RANGE)
def limit_above_the_range(spec: Json, pod: Json, container: Json) -> None:
    container["resources"]["limits"] = {"memory": "2Gi"}


@fault("D13", "limit of 64Mi", rule=DEFAULT)
def request_above_the_default_limit(spec: Json, pod: Json, container: Json) -> None:
    container["resources"] = {"requests": {"memory": "1Gi"}}


@fault("D14", "allowPrivilegeEscalation", labels={"pod-security.kubernetes.io/enforce": "restricted"})
def not_as_restricted(spec: Json, pod: Json, container: Json) -> None:
    container["securityContext"]["allowPrivilegeEscalation"] = True
