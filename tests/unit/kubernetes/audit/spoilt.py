"""Manifests with one fault each, named for it, and the rule that has to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Objects = dict[str, Json]
# Kind to object: what is changed is changed in place.
Spoil = Callable[[Objects], object]


@dataclass(frozen=True)
class Spoilt:
    """The rule that finds the fault, and what puts it in."""

    rule: str
    spoil: Spoil
    beside: tuple[str, ...] = ()


SPOILT: dict[str, Spoilt] = {}


def finds(rule: str, *beside: str) -> Callable[[Spoil], Spoil]:
    """Registers a fault under its function's name; `beside` are rules that rightly fail with it."""

    def register(spoil: Spoil) -> Spoil:
        SPOILT[spoil.__name__] = Spoilt(rule, spoil, beside)
        return spoil

    return register


def pod(objects: Objects) -> Json:
    spec: Json = objects["Deployment"]["spec"]["template"]["spec"]
    return spec


def container(objects: Objects) -> Json:
    one: Json = pod(objects)["containers"][0]
    return one


def context(objects: Objects) -> Json:
    one: Json = container(objects)["securityContext"]
    return one


@finds("C01")
def privileged(objects: Objects) -> None:
    context(objects)["privileged"] = True


@finds("C01")
def host_network(objects: Objects) -> None:
    pod(objects)["hostNetwork"] = True


@finds("C01")
def host_pid(objects: Objects) -> None:
    pod(objects)["hostPID"] = True


@finds("C01")
def host_ipc(objects: Objects) -> None:
    pod(objects)["hostIPC"] = True


@finds("C01")
def host_port(objects: Objects) -> None:
    container(objects)["ports"][0]["hostPort"] = 11434


@finds("C02")
def runtime_socket(objects: Objects) -> None:
    pod(objects)["volumes"].append({"name": "socket", "hostPath": {"path": "/var/run/docker.sock"}})


@finds("C03")
def may_escalate(objects: Objects) -> None:
    del context(objects)["allowPrivilegeEscalation"]


@finds("C04")
def may_be_root(objects: Objects) -> None:
    del pod(objects)["securityContext"]["runAsNonRoot"]


@finds("C04", "C05")
def is_root(objects: Objects) -> None:
    context(objects)["runAsUser"] = 0


@finds("C05")
def ordinary_user(objects: Objects) -> None:
    pod(objects)["securityContext"]["runAsUser"] = 1001


@finds("C06")
def keeps_capabilities(objects: Objects) -> None:
    context(objects)["capabilities"] = {"drop": ["NET_RAW"]}


@finds("C06")
def adds_a_capability(objects: Objects) -> None:
    context(objects)["capabilities"]["add"] = ["SYS_ADMIN"]


@finds("C07")
def unfiltered(objects: Objects) -> None:
    pod(objects)["securityContext"]["seccompProfile"] = {"type": "Unconfined"}


@finds("C08", "C15")
def writable_root(objects: Objects) -> None:
    context(objects)["readOnlyRootFilesystem"] = False


@finds("C08")
def home_on_no_mount(objects: Objects) -> None:
    container(objects)["env"].append({"name": "HOME", "value": "/root"})


@finds("C09")
def token_mounted(objects: Objects) -> None:
    del pod(objects)["automountServiceAccountToken"]


@finds("C11", "C12")
def latest(objects: Objects) -> None:
    container(objects)["image"] = "registry.lan:5000/ollama"


@finds("C12", "C11")
def never_asks_the_registry(objects: Objects) -> None:
    container(objects)["imagePullPolicy"] = "Never"


@finds("C13")
def memory_unlimited(objects: Objects) -> None:
    del container(objects)["resources"]["limits"]["memory"]


@finds("C13")
def memory_not_reserved(objects: Objects) -> None:
    del container(objects)["resources"]["requests"]["memory"]


@finds("C14")
def cpu_not_reserved(objects: Objects) -> None:
    del container(objects)["resources"]["requests"]["cpu"]


@finds("C14")
def cpu_limit_broken(objects: Objects) -> None:
    container(objects)["resources"]["limits"]["cpu"] = "1500m"


@finds("C15")
def unbounded_scratch(objects: Objects) -> None:
    pod(objects)["volumes"][1]["emptyDir"] = {}


@finds("C16")
def no_liveness(objects: Objects) -> None:
    del container(objects)["livenessProbe"]


@finds("C16")
def no_readiness(objects: Objects) -> None:
    del container(objects)["readinessProbe"]


@finds("C16")
def impatient(objects: Objects) -> None:
    container(objects)["readinessProbe"]["timeoutSeconds"] = 1


@finds("C16")
def liveness_before_readiness(objects: Objects) -> None:
    container(objects)["livenessProbe"]["failureThreshold"] = 1


@finds("C17")
def two_writers(objects: Objects) -> None:
    objects["Deployment"]["spec"]["replicas"] = 2


@finds("C17")
def rolling(objects: Objects) -> None:
    objects["Deployment"]["spec"]["strategy"] = {"type": "RollingUpdate"}


@finds("C18")
def spread_alone(objects: Objects) -> None:
    pod(objects)["affinity"] = {"podAntiAffinity": {}}


@finds("C19")
def policy_for_others(objects: Objects) -> None:
    objects["NetworkPolicy"]["spec"]["podSelector"] = {"matchLabels": {"app": "other"}}


@finds("C19")
def policy_for_one_side(objects: Objects) -> None:
    objects["NetworkPolicy"]["spec"]["policyTypes"] = ["Ingress"]


@finds("C19")
def everybody_may_connect(objects: Objects) -> None:
    objects["NetworkPolicy"]["spec"]["ingress"] = [{}]


@finds("C19")
def no_names(objects: Objects) -> None:
    objects["NetworkPolicy"]["spec"]["egress"] = [{"ports": [{"protocol": "TCP", "port": 443}]}]


@finds("C20")
def node_port(objects: Objects) -> None:
    objects["Service"]["spec"]["type"] = "NodePort"


@finds("C20")
def external_address(objects: Objects) -> None:
    objects["Service"]["spec"]["externalIPs"] = ["192.0.2.1"]


@finds("C21")
def service_for_nobody(objects: Objects) -> None:
    objects["Service"]["spec"]["selector"] = {"app": "nobody"}


@finds("C21")
def service_to_another_port(objects: Objects) -> None:
    objects["Service"]["spec"]["ports"][0]["targetPort"] = "web"


@finds("C22")
def no_level(objects: Objects) -> None:
    del objects["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]


@finds("C22")
def level_of_no_version(objects: Objects) -> None:
    del objects["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce-version"]


@finds("C22")
def default_namespace(objects: Objects) -> None:
    objects["Deployment"]["metadata"]["namespace"] = "default"


@finds("C23")
def quota_overdrawn(objects: Objects) -> None:
    objects["ResourceQuota"]["status"] = {"hard": {"pods": "1"}, "used": {"pods": "2"}}


@finds("C24", "C08")
def models_beside_the_claim(objects: Objects) -> None:
    container(objects)["env"].append({"name": "OLLAMA_MODELS", "value": "/elsewhere/models"})


@finds("C24")
def ownership_walk(objects: Objects) -> None:
    del pod(objects)["securityContext"]["fsGroupChangePolicy"]


@finds("C25")
def secret_in_sight(objects: Objects) -> None:
    container(objects)["env"].append({"name": "API_KEY", "value": "hunter2"})


@finds("C25")
def secret_variable(objects: Objects) -> None:
    source = {"secretKeyRef": {"name": "login", "key": "password"}}
    container(objects)["env"].append({"name": "LOGIN", "valueFrom": source})


@finds("C25")
def every_page_may_ask(objects: Objects) -> None:
    container(objects)["env"].append({"name": "OLLAMA_ORIGINS", "value": "*"})
