"""Ways to spoil a Deployment: each is a function named for its fault, and says which cause it has to be taken for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runbook.kubernetes import Cluster

from . import surroundings

Json = dict[str, Any]
# The Deployment's spec, its pod's, and the container.
Spoil = Callable[[Json, Json, Json], object]
# Makes or changes what lies around a Deployment: the cluster, its namespace, its name.
Surround = Callable[[Cluster, str, str], object]


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        cause: Identifier of the cause it has to be recognised as.
        words: What the diagnosis has to say.
        spoil: Puts the fault into a Deployment.
        rule: Object that its namespace holds as well, without metadata.
        labels: Labels of its namespace.
        before: Done before the Deployment is made, in a namespace of its own.
        after: Done once the Deployment is made.
        slow: Whether it shows late, or starts a pod for a cause that another shows too.
    """

    cause: str
    words: str
    spoil: Spoil
    rule: Json = field(default_factory=dict)
    labels: Json = field(default_factory=dict)
    before: Surround | None = None
    after: Surround | None = None
    slow: bool = False

    @property
    def lives_alone(self) -> bool:
        """Whether it needs a namespace of its own."""
        return bool(self.rule or self.labels or self.before or self.after)


FAULTS: dict[str, Fault] = {}


def fault(cause: str, words: str, **more: Any) -> Callable[[Spoil], Spoil]:
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


@fault("D39", "not on the node", slow=True)
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


@fault("D24", "tape-robot", before=surroundings.claim_without_a_class)
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


@fault("D41", "no key nope", slow=True)
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


@fault("D46", "the moon is full", slow=True)
def crash(spec: Json, pod: Json, container: Json) -> None:
    shell(container, "echo the moon is full; exit 3")


@fault("D47", "exit code 0")
def ends_cleanly(spec: Json, pod: Json, container: Json) -> None:
    container["command"] = ["true"]


@fault("D48", "liveness")
def killed_by_its_probe(spec: Json, pod: Json, container: Json) -> None:
    never = {"path": "/", "port": 1}
    only(container, livenessProbe={"path": "/nope", "port": 11434}, readinessProbe=never)


@fault("D49", "statuscode: 404", slow=True)
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


def claimed(name: str) -> Spoil:
    """The volume is a claim of this name."""
    return lambda spec, pod, container: mount(pod, persistentVolumeClaim={"claimName": name})


@fault("D07", "is being deleted", after=surroundings.delete_held_namespace)
def namespace_terminating(spec: Json, pod: Json, container: Json) -> None:
    spec["replicas"] = 1


@fault("D08", "not in this namespace", before=surroundings.forbid_pods)
def policy_denies(spec: Json, pod: Json, container: Json) -> None:
    """The namespace has the fault."""


@fault("D08", "guard.example.com", before=surroundings.guard_pods_by_a_silent_webhook)
def webhook_silent(spec: Json, pod: Json, container: Json) -> None:
    """The namespace has the fault."""


def slow_to_end(pod: Json, container: Json) -> None:
    """It takes its time to end, and longer than anybody waits to become ready."""
    pod["terminationGracePeriodSeconds"] = 90
    container["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", "90"]}}}
    only(container, readinessProbe={"path": "/", "port": 11434})
    container["readinessProbe"]["initialDelaySeconds"] = 600


@fault("D17", "waits for the old one", after=surroundings.replace_slow_pod)
def old_pod_slow_to_end(spec: Json, pod: Json, container: Json) -> None:
    slow_to_end(pod, container)


@fault("D18", "None is that large", slow=True)
def more_memory_than_there_is(spec: Json, pod: Json, container: Json) -> None:
    container["resources"] = {"requests": {"memory": "900Gi"}}


@fault("D20", "host port", slow=True)
def host_port_taken(spec: Json, pod: Json, container: Json) -> None:
    # Two pods that want one port of one node; the registry of the cluster is not asked, only other pods are.
    spec["replicas"] = 2
    container["ports"][0]["hostPort"] = 18434


@fault("D22", "lives on a node that the pod cannot run on", before=surroundings.claim_a_volume_elsewhere)
def volume_on_another_node(spec: Json, pod: Json, container: Json) -> None:
    claimed("far")(spec, pod, container)


@fault("D25", "example.com/nobody", before=surroundings.claim_from_a_silent_provisioner)
def provisioner_silent(spec: Json, pod: Json, container: Json) -> None:
    claimed("unserved")(spec, pod, container)


@fault("D25", "NodePath only supports", before=surroundings.claim_what_the_provisioner_cannot_make)
def provisioner_fails(spec: Json, pod: Json, container: Json) -> None:
    claimed("shared")(spec, pod, container)


@fault("D26", "belongs to an earlier claim", before=surroundings.release_a_volume)
def volume_released(spec: Json, pod: Json, container: Json) -> None:
    claimed("second")(spec, pod, container)


@fault("D27", "does not fit it", before=surroundings.claim_an_unlike_volume)
def volume_unlike(spec: Json, pod: Json, container: Json) -> None:
    claimed("unlike")(spec, pod, container)


@fault("D27", "has lost its volume", before=surroundings.lose_a_volume)
def volume_lost(spec: Json, pod: Json, container: Json) -> None:
    claimed("lost")(spec, pod, container)


@fault("D28", "does not attach", before=surroundings.claim_a_volume_without_its_driver, slow=True)
def driver_absent(spec: Json, pod: Json, container: Json) -> None:
    claimed("driverless")(spec, pod, container)


@fault("D30", "does not exist on the node", before=surroundings.claim_a_folder_that_is_not_there, slow=True)
def local_volume_without_its_folder(spec: Json, pod: Json, container: Json) -> None:
    claimed("unmounted")(spec, pod, container)


@fault("D32", "nobody-runs-this", before=surroundings.runtime_class)
def runtime_handler_absent(spec: Json, pod: Json, container: Json) -> None:
    pod["runtimeClassName"] = surroundings.RUNTIME


@fault("D33", "absent:1 does not exist in its registry")
def image_absent(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = f"{surroundings.REGISTRY}/absent:1"


@fault("D34", "private")
def image_private(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = f"{surroundings.REGISTRY}/private:1"


@fault("D35", "for the CPU of this node")
def image_for_another_cpu(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = f"{surroundings.REGISTRY}/foreign:1"


@fault("D36", "plain HTTP")
def registry_without_tls(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = f"{surroundings.plain_registry()}/library/none:1"


@fault("D38", "no more for now")
def registry_limits_pulls(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = f"{surroundings.REGISTRY}/busy:1"


@fault("D39", "still being pulled", slow=True)
def pull_slow(spec: Json, pod: Json, container: Json) -> None:
    container["image"] = f"{surroundings.REGISTRY}/slow:1"


@fault("D40", "may not run as root")
def root_forbidden(spec: Json, pod: Json, container: Json) -> None:
    pod["securityContext"] = {"runAsNonRoot": True}


@fault("D45", "another CPU", before=surroundings.keep_a_program_for_another_cpu)
def program_for_another_cpu(spec: Json, pod: Json, container: Json) -> None:
    pod["volumes"].append({"name": "program", "configMap": {"name": "program", "defaultMode": 0o755}})
    container["volumeMounts"].append({"name": "program", "mountPath": "/program"})
    container["command"] = ["/program/main"]


@fault("D46", "permission denied", slow=True)
def volume_not_writable(spec: Json, pod: Json, container: Json) -> None:
    # The folder of a node that belongs to root, where fsGroup does not apply.
    mount(pod, hostPath={"path": "/var/lib", "type": "Directory"})
    shell(container, "mkdir /var/lib/ollama/models")


@fault("D46", "the first step fails")
def init_container_fails(spec: Json, pod: Json, container: Json) -> None:
    first = {key: value for key, value in container.items() if not key.endswith("Probe")}
    pod["initContainers"] = [{**first, "name": "first", "command": ["sh", "-c", "echo the first step fails; exit 1"]}]


@fault("D48", "startup", slow=True)
def startup_budget_too_small(spec: Json, pod: Json, container: Json) -> None:
    only(container, startupProbe={"path": "/", "port": 1}, readinessProbe={"path": "/", "port": 11434})


@fault("D52", "kubectl drain", after=surroundings.evict_slow_pod)
def pod_evicted(spec: Json, pod: Json, container: Json) -> None:
    slow_to_end(pod, container)


@fault("D57", "within its deadline")
def deadline_passed(spec: Json, pod: Json, container: Json) -> None:
    spec["progressDeadlineSeconds"] = 2
    only(container, readinessProbe={"path": "/", "port": 11434})
    container["readinessProbe"]["initialDelaySeconds"] = 600
