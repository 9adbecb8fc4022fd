"""C17 to C25: how the pod is replaced, who reaches it, what its namespace allows, and what becomes of the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from runbook.forms import SECRET_NAMES, SECRET_VALUES
from runbook.hardware import parse_quantity
from runbook.kubernetes.api import Json
from runbook.kubernetes.audit.pod_rules import AS_WRITTEN, variables
from runbook.kubernetes.audit.rules import Fault, in_pod, rule, unknown
from runbook.kubernetes.audit.subject import Subject
from runbook.kubernetes.preflight import claims_of

LEVEL = "pod-security.kubernetes.io/"


@rule(17, "high", "One writer for a volume that only one may write", "One replica, and the strategy Recreate.")
def one_writer(subject: Subject) -> Iterator[Fault]:
    """Replicas and strategy, where the claim is ReadWriteOnce."""
    mounted = set(claims_of(subject.pod))
    lonely = [one for one in subject.claims if "ReadWriteMany" not in one["spec"].get("accessModes", ())]
    if not any(one["metadata"]["name"] in mounted for one in lonely):
        return
    spec = subject.deployment.get("spec", {})
    if spec.get("replicas", 1) > 1:
        yield Fault(f"{spec['replicas']} replicas on a ReadWriteOnce claim", path=("spec", "replicas"))
    strategy = (spec.get("strategy") or {}).get("type", "RollingUpdate")
    if strategy != "Recreate":
        yield Fault(f"the strategy is {strategy}", path=("spec", "strategy"))


@rule(18, "info", "Nothing pretends that one pod is highly available", "Drop the affinity and the spread.")
def spread(subject: Subject) -> Iterator[Fault]:
    """Anti-affinity and spread mean nothing for a single pod, and a hard one can keep it from starting."""
    if subject.deployment.get("spec", {}).get("replicas", 1) != 1:
        return
    for field in ("topologySpreadConstraints", "affinity"):
        if subject.pod.get(field):
            yield in_pod(f"{field} for a single pod", field)


@rule(19, "high", "A policy says who reaches the pod and whom it reaches", "Apply manifests/ai/networkpolicy.yaml.",
      ("CKV2_K8S_6",))  # fmt: skip
def policy(subject: Subject) -> Iterator[Fault]:
    """NetworkPolicies that select the pod; one without rules denies, which is good."""
    mine = [one for one in subject.policies if selects(one["spec"].get("podSelector") or {}, subject.labels)]
    for side in ("Ingress", "Egress"):
        governing = [one for one in mine if side in policy_types(one["spec"])]
        if not governing:
            yield Fault(f"no policy selects the pod for {side}", "NetworkPolicy")
        for one in governing:
            rules = one["spec"].get(side.lower()) or ()
            if side == "Ingress" and any(not each.get("from") for each in rules):
                yield Fault("every pod of the cluster may connect", "NetworkPolicy", one["metadata"]["name"],
                            ("spec", "ingress"))  # fmt: skip
            if side == "Egress" and rules and not any(_lets_out(each, 53) for each in rules):
                yield Fault("names cannot be resolved: port 53 is not let out", "NetworkPolicy",
                            one["metadata"]["name"], ("spec", "egress"), "medium")  # fmt: skip


def _lets_out(each: Json, port: int) -> bool:
    ports = each.get("ports")
    return not ports or any(one.get("port") == port for one in ports)


@rule(20, "high", "Nobody beyond the cluster reaches the server, which has no login", "Use a ClusterIP Service.")
def exposed(subject: Subject) -> Iterator[Fault]:
    """Services and Ingresses that lead to the pod."""
    for service in subject.services:
        spec, name = service["spec"], service["metadata"]["name"]
        if not leads_to(service, subject.labels):
            continue
        if spec.get("type", "ClusterIP") not in ("ClusterIP",):
            yield Fault(f"the Service {name} is a {spec['type']}", "Service", name, ("spec", "type"))
        if spec.get("externalIPs"):
            yield Fault(f"the Service {name} has external addresses", "Service", name, ("spec", "externalIPs"))
    names = {one["metadata"]["name"] for one in subject.services if leads_to(one, subject.labels)}
    for ingress in subject.ingresses or ():
        if names & set(re.findall(r"'name': '([^']+)'", str(ingress["spec"]))):
            yield Fault("an Ingress leads to the Service", "Ingress", ingress["metadata"]["name"], ("spec",))


@rule(21, "medium", "The Service leads to a ready pod", "See 91_troubleshoot, section Service.")
def endpoints(subject: Subject) -> Iterator[Fault]:
    """Selectors and ports of the Services, and ready endpoints where the cluster is there to ask."""
    serving = [one for one in subject.services if leads_to(one, subject.labels)]
    if not serving:
        yield Fault("no Service selects the pod", "Service")
    ports = {port.get("name") for _, one in subject.containers for port in one.get("ports") or ()}
    numbers = {port["containerPort"] for _, one in subject.containers for port in one.get("ports") or ()}
    for service in serving:
        name = service["metadata"]["name"]
        for port in service["spec"].get("ports") or ():
            wanted = port.get("targetPort", port["port"])
            if wanted not in (ports if isinstance(wanted, str) else numbers):
                yield Fault(f"the port {wanted} is not the pod's", "Service", name, ("spec", "ports"))
        if subject.slices is not None and not has_ready(subject.slices, name):
            yield Fault(f"no endpoint of {name} is ready", "Service", name, ("spec", "selector"))


@rule(22, "medium", "The namespace holds every pod to a level, and the pod meets restricted",
      "Take the labels from manifests/ai/namespace.yaml.", (21,))  # fmt: skip
def levels(subject: Subject) -> Iterator[Fault]:
    """Pod Security labels of the namespace, and whether it is the default one."""
    meta = subject.namespace.get("metadata", {})
    labels, name = meta.get("labels") or {}, meta.get("name", "")
    path = ("metadata", "labels")
    if (subject.deployment.get("metadata") or {}).get("namespace", name) == "default":
        yield Fault("the namespace is default", path=("metadata", "namespace"))
    enforced = labels.get(f"{LEVEL}enforce")
    if enforced not in ("baseline", "restricted"):
        yield Fault(f"enforce is {enforced}", "Namespace", name, path)
    elif not labels.get(f"{LEVEL}enforce-version", "").startswith("v1."):
        yield Fault("enforce has no fixed version", "Namespace", name, path, severity="low")
    for mode in ("warn", "audit"):
        if labels.get(f"{LEVEL}{mode}") != "restricted":
            yield Fault(f"{mode} is {labels.get(f'{LEVEL}{mode}')}", "Namespace", name, path)


@rule(23, "low", "Quota and limits bound the namespace and leave room for the pod",
      "Apply manifests/ai/resourcequota.yaml; a LimitRange gives pods defaults that state none.")  # fmt: skip
def bounds(subject: Subject) -> Iterator[Fault]:
    """ResourceQuota and LimitRange, and the room that the quota has beside what is used."""
    if not subject.quotas:
        yield Fault("there is no ResourceQuota", "ResourceQuota")
    if not subject.limit_ranges:
        yield Fault("there is no LimitRange", "LimitRange")
    for quota in subject.quotas:
        hard = (quota.get("status") or {}).get("hard") or {}
        used = (quota.get("status") or {}).get("used") or {}
        for resource, limit in hard.items():
            if parse_quantity(str(used.get(resource, "0"))) > parse_quantity(str(limit)) > Decimal(0):
                evidence = f"{resource}: {used[resource]} used of {limit}"
                yield Fault(evidence, "ResourceQuota", quota["metadata"]["name"], ("spec", "hard", resource))


@rule(24, "high", "The models outlive the pod and the claim", "Set the volume's reclaim policy to Retain.")
def data(subject: Subject) -> Iterator[Fault]:
    """The claim, the path of the models on it, its ownership walk, and what becomes of the volume."""
    context = subject.pod.get("securityContext") or {}
    if context.get("fsGroup") and context.get("fsGroupChangePolicy") != "OnRootMismatch":
        yield in_pod("every start walks the whole volume", "securityContext", "fsGroupChangePolicy", severity="low")
    yield from models_off_the_claim(subject)
    for claim in subject.claims:
        if "deletionTimestamp" in claim["metadata"]:
            yield Fault("the claim is being deleted", "PersistentVolumeClaim", claim["metadata"]["name"])
    if subject.volumes is None:
        yield unknown("what becomes of the volume only the cluster can say")
    for volume in subject.volumes or ():
        kept = volume["spec"].get("persistentVolumeReclaimPolicy")
        if kept != "Retain":
            evidence = f"the volume is {'deleted' if kept == 'Delete' else kept} with its claim"
            path = ("spec", "persistentVolumeReclaimPolicy")
            yield Fault(evidence, "PersistentVolume", volume["metadata"]["name"], path)


def models_off_the_claim(subject: Subject) -> Iterator[Fault]:
    """Containers whose OLLAMA_MODELS lies on no claim."""
    claims = {one["name"] for one in subject.pod.get("volumes") or () if "persistentVolumeClaim" in one}
    for place, container in subject.containers:
        folder = variables(container).get("OLLAMA_MODELS")
        mounts = [one["mountPath"] for one in container.get("volumeMounts") or () if one["name"] in claims]
        if folder and not any(folder == mount or folder.startswith(f"{mount}/") for mount in mounts):
            yield in_pod(f"OLLAMA_MODELS ({folder}) lies on no claim", *place, "volumeMounts")


@rule(25, "medium", "No secret stands in plain sight, and no web page may ask", AS_WRITTEN, (35, 49))
def secrets(subject: Subject) -> Iterator[Fault]:
    """Environment variables that are secrets by name or value, and OLLAMA_ORIGINS."""
    for place, container in subject.containers:
        for name, value in variables(container).items():
            path = (*place, "env", name)
            counts = name.upper().endswith("TOKENS") and value.isdecimal()
            if value and not counts and (SECRET_NAMES.search(name.upper()) or SECRET_VALUES.search(value)):
                yield in_pod(f"{name} seems to be a secret", *path)
            if name == "OLLAMA_ORIGINS" and "*" in value:
                yield in_pod("OLLAMA_ORIGINS lets every web page in", *path)
        for one in container.get("env") or ():
            if "secretKeyRef" in (one.get("valueFrom") or {}):
                evidence = f"{one['name']} is a secret in the environment; a file would not be inherited"
                yield in_pod(evidence, *place, "env", one["name"], severity="info")


def selects(selector: Json, labels: dict[str, str]) -> bool:
    """Whether a label selector selects an object with these labels; an empty one selects everything."""
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or ())


def _holds(expression: Json, labels: dict[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def policy_types(spec: Json) -> tuple[str, ...]:
    """What a policy governs: what it says, else Ingress, and Egress if it has such rules."""
    stated = spec.get("policyTypes")
    return tuple(stated) if stated else ("Ingress", "Egress") if spec.get("egress") else ("Ingress",)


def leads_to(service: Json, labels: dict[str, str]) -> bool:
    """Whether a Service selects a pod with these labels."""
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def has_ready(slices: tuple[Json, ...], service: str) -> bool:
    """Whether any endpoint of a Service is ready."""
    return any(
        (endpoint.get("conditions") or {}).get("ready") is not False
        for one in slices
        if (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service
        for endpoint in one.get("endpoints") or ()
    )
