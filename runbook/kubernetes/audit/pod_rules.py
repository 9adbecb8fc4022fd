"""C01 to C16: what the pod may do, who it is, what it is made of, what it is given, how it is probed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runbook.hardware import parse_quantity
from runbook.kubernetes.api import Json
from runbook.kubernetes.audit.rules import Fault, in_pod, rule, unknown
from runbook.kubernetes.audit.subject import Subject

SOCKETS = ("docker.sock", "containerd.sock", "crio.sock")
HIGH_ID = 10_000
AS_WRITTEN = "Take the lines from manifests/ai/ollama-deployment.yaml."


def effective(subject: Subject, container: Json, field: str) -> Any:
    """A field of the security context: the container's own value wins over the pod's."""
    own = container.get("securityContext") or {}
    return own[field] if field in own else (subject.pod.get("securityContext") or {}).get(field)


def own(container: Json, field: str) -> Any:
    """A field of the container's security context."""
    return (container.get("securityContext") or {}).get(field)


@rule(1, "high", "No container is privileged or shares the node's network, processes or ports", AS_WRITTEN,
      (16, 17, 18, 19, 26))  # fmt: skip
def privileged(subject: Subject) -> Iterator[Fault]:
    """`privileged`, `hostNetwork`, `hostPID`, `hostIPC`, `hostPort`."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if subject.pod.get(field):
            yield in_pod(f"{field} is true", field)
    for place, container in subject.containers:
        if own(container, "privileged"):
            yield in_pod("privileged is true", *place, "securityContext", "privileged")
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield in_pod(f"hostPort {port['hostPort']}", *place, "ports", port.get("name", ""), "hostPort")


@rule(2, "high", "No folder or socket of the node is mounted", "Use a claim; the runtime's socket is the node itself.",
      (27, 29))  # fmt: skip
def host_path(subject: Subject) -> Iterator[Fault]:
    """`hostPath` volumes of the pod; one behind a claim is the cluster's affair."""
    for volume in subject.pod.get("volumes") or ():
        if "hostPath" in volume:
            path = volume["hostPath"].get("path", "?")
            words = "the container runtime's socket" if path.endswith(SOCKETS) else "a folder of the node"
            yield in_pod(f"{path} is {words}", "volumes", volume["name"], "hostPath")


@rule(3, "high", "No process can gain privileges", AS_WRITTEN, (20,))
def escalation(subject: Subject) -> Iterator[Fault]:
    """`allowPrivilegeEscalation`, which is true where it is not said."""
    for place, container in subject.containers:
        if own(container, "allowPrivilegeEscalation") is not False:
            evidence = f"allowPrivilegeEscalation is {own(container, 'allowPrivilegeEscalation')}"
            yield in_pod(evidence, *place, "securityContext", "allowPrivilegeEscalation")


@rule(4, "high", "Nothing runs as root", "Set runAsNonRoot and a runAsUser, and HOME to a mount it may write.",
      (23, 6))  # fmt: skip
def root(subject: Subject) -> Iterator[Fault]:
    """`runAsNonRoot` and `runAsUser`: the image itself has no user."""
    for place, container in subject.containers:
        user = effective(subject, container, "runAsUser")
        if effective(subject, container, "runAsNonRoot") is not True:
            yield in_pod("runAsNonRoot is not true", *place, "securityContext", "runAsNonRoot")
        if user in (None, 0):
            yield in_pod(f"runAsUser is {user}", *place, "securityContext", "runAsUser")


@rule(5, "info", "User and group are beyond those of the node's own users", "Use 10000 or more for a new volume.",
      (40,))  # fmt: skip
def low_ids(subject: Subject) -> Iterator[Fault]:
    """UID and GID below 10000: a process that breaks out could be an ordinary user of the node."""
    for _, container in subject.containers:
        for field in ("runAsUser", "runAsGroup"):
            number = effective(subject, container, field)
            if number is None or 0 <= number < HIGH_ID:
                yield in_pod(f"{field} is {number}", "securityContext", field)


@rule(6, "high", "Every capability is dropped and none is added", AS_WRITTEN, (37, 28, 25, 39, 34))
def capabilities(subject: Subject) -> Iterator[Fault]:
    """`capabilities`: one that is dropped is not enough."""
    for place, container in subject.containers:
        found = own(container, "capabilities") or {}
        path = (*place, "securityContext", "capabilities")
        if "ALL" not in (found.get("drop") or ()):
            yield in_pod(f"drop is {found.get('drop') or 'empty'}", *path)
        if found.get("add"):
            yield in_pod(f"add is {', '.join(found['add'])}", *path, "add")


@rule(7, "medium", "System calls are filtered", AS_WRITTEN, (31,))
def seccomp(subject: Subject) -> Iterator[Fault]:
    """`seccompProfile` of the pod or the container."""
    for place, container in subject.containers:
        kind = (effective(subject, container, "seccompProfile") or {}).get("type")
        if kind not in ("RuntimeDefault", "Localhost"):
            yield in_pod(f"seccompProfile is {kind}", *place, "securityContext", "seccompProfile")


@rule(8, "medium", "The root file system is read-only, and what is written lies on mounts", AS_WRITTEN, (22,))
def read_only_root(subject: Subject) -> Iterator[Fault]:
    """`readOnlyRootFilesystem`, and mounts under HOME, OLLAMA_MODELS and /tmp."""
    for place, container in subject.containers:
        if own(container, "readOnlyRootFilesystem") is not True:
            yield in_pod("the root file system is writable", *place, "securityContext", "readOnlyRootFilesystem")
        mounts = tuple(mount["mountPath"] for mount in container.get("volumeMounts") or ())
        env = variables(container)
        for what, folder in (("HOME", env.get("HOME")), ("OLLAMA_MODELS", env.get("OLLAMA_MODELS")), ("/tmp", "/tmp")):  # noqa: S108
            if folder and not any(folder == mount or folder.startswith(f"{mount}/") for mount in mounts):
                yield in_pod(f"{what} ({folder}) lies on no mount", *place, "volumeMounts")


@rule(9, "medium", "The pod holds no token of the cluster's API", "Set automountServiceAccountToken to false.", (38,))
def token(subject: Subject) -> Iterator[Fault]:
    """`automountServiceAccountToken`: the pod's word counts before the account's; a live pod shows the mount."""
    said = subject.pod.get("automountServiceAccountToken")
    name = subject.pod.get("serviceAccountName") or "default"
    accounts = {one["metadata"]["name"]: one for one in subject.accounts or ()}
    if said is None:
        said = accounts.get(name, {}).get("automountServiceAccountToken")
    if said is not False:
        yield in_pod(f"automountServiceAccountToken is {said}", "automountServiceAccountToken")
    for pod in subject.pods or ():
        for volume in pod["spec"].get("volumes") or ():
            sources = (volume.get("projected") or {}).get("sources") or ()
            if any("serviceAccountToken" in source for source in sources):
                yield Fault("a token is mounted", "Pod", pod["metadata"]["name"], ("spec", "volumes", volume["name"]))


@rule(10, "low", "The pod's account has no rights", "Give the pod an account of its own without a RoleBinding.",
      (41, 42))  # fmt: skip
def account(subject: Subject) -> Iterator[Fault]:
    """RoleBindings of the pod's ServiceAccount; the default one is tolerable while no token is mounted."""
    if subject.bindings is None:
        yield unknown("the RoleBindings were not read")
        return
    name = subject.pod.get("serviceAccountName") or "default"
    for binding in subject.bindings:
        for one in binding.get("subjects") or ():
            if one.get("kind") == "ServiceAccount" and one.get("name") == name:
                evidence = f"the account {name} is bound to {binding['roleRef']['name']}"
                yield Fault(evidence, "RoleBinding", binding["metadata"]["name"], ("subjects",))


@rule(11, "medium", "The image is one fixed image", "Name it by its digest: registry/image:tag@sha256:...", (14, 43))
def image(subject: Subject) -> Iterator[Fault]:
    """The image's tag and digest; and whether all live pods run the same image."""
    for place, container in subject.containers:
        name = container.get("image", "")
        if "@sha256:" in name:
            continue
        tag = name.rpartition("/")[2].partition(":")[2]
        if tag in ("", "latest"):
            yield in_pod(f"{name} has {'no tag' if not tag else 'the tag latest'}", *place, "image")
        else:
            yield in_pod(f"{name} has a tag and no digest: the tag may be moved", *place, "image", severity="low")
    ids = {
        status.get("imageID", "")
        for pod in subject.pods or ()
        for status in pod.get("status", {}).get("containerStatuses") or ()
        if status.get("imageID")
    }
    if len(ids) > max(1, len(tuple(subject.containers))):
        yield in_pod(f"the pods run different images: {', '.join(sorted(ids))}")


@rule(12, "info", "What runs is what the registry has", "A digest makes it sure; Always asks the registry each time.",
      (15,))  # fmt: skip
def pull_policy(subject: Subject) -> Iterator[Fault]:
    """`imagePullPolicy`: with a digest every policy is right; without, only Always notices that a tag was moved."""
    for place, container in subject.containers:
        policy = container.get("imagePullPolicy")
        if "@sha256:" not in container.get("image", "") and policy != "Always":
            yield in_pod(f"imagePullPolicy is {policy}, and the image has no digest", *place, "imagePullPolicy")


@rule(13, "high", "Memory is reserved as far as it may be used", "Set memory_request to memory_limit.", (12, 13))
def memory(subject: Subject) -> Iterator[Fault]:
    """Memory: a request below the limit makes the pod the first to go when its node runs short."""
    for place, container in subject.containers:
        request, limit = (amount(container, side, "memory") for side in ("requests", "limits"))
        path = (*place, "resources")
        if limit is None:
            yield in_pod("no memory limit", *path)
        if request is None:
            yield in_pod("no memory request", *path)
        elif limit is not None and parse_quantity(request) < parse_quantity(limit):
            yield in_pod(f"request {request} is below the limit {limit}", *path, "requests", "memory")


@rule(14, "medium", "CPU is reserved, and the limit is whole or deliberately absent",
      "Set cpu_request; a limit of whole cores, since the server starts as many threads.", (10, 11))  # fmt: skip
def cpu(subject: Subject) -> Iterator[Fault]:
    """CPU: a fraction of a core throttles all threads."""
    for place, container in subject.containers:
        request, limit = (amount(container, side, "cpu") for side in ("requests", "limits"))
        path = (*place, "resources")
        if request is None:
            yield in_pod("no CPU request", *path)
        if limit is None:
            yield in_pod("no CPU limit", *path, severity="low")
        elif parse_quantity(limit) % 1:
            yield in_pod(f"the limit {limit} is a fraction of a core", *path, "limits", "cpu")


@rule(15, "low", "What the pod writes beside its claim is bounded",
      "Set sizeLimit on emptyDir, and requests and limits for ephemeral-storage.")  # fmt: skip
def ephemeral(subject: Subject) -> Iterator[Fault]:
    """Temporary storage: bounded by the container's limit, or by read-only root and a size for each emptyDir."""
    for place, container in subject.containers:
        if amount(container, "limits", "ephemeral-storage"):
            continue
        if own(container, "readOnlyRootFilesystem") is not True:
            yield in_pod("no limit for ephemeral-storage on a writable root", *place, "resources")
    for volume in subject.pod.get("volumes") or ():
        if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
            yield in_pod(f"the emptyDir {volume['name']} has no sizeLimit", "volumes", volume["name"], "emptyDir")


@rule(16, "medium", "The probes are there and patient", AS_WRITTEN, (8, 9))
def probes(subject: Subject) -> Iterator[Fault]:
    """The three probes: timeouts above one second, and liveness slower than readiness."""
    for name, container in ((one["name"], one) for one in subject.pod.get("containers") or ()):
        found = {kind: container.get(kind) for kind in ("startupProbe", "readinessProbe", "livenessProbe")}
        place = ("containers", name)
        for kind, probe in found.items():
            if not probe:
                yield in_pod(f"no {kind}", *place)
            elif probe.get("timeoutSeconds", 1) <= 1:
                yield in_pod(f"{kind} has a timeout of {probe.get('timeoutSeconds', 1)} s", *place, kind)
        ready, alive = budget(found["readinessProbe"]), budget(found["livenessProbe"])
        if ready and alive and alive < ready:
            evidence = f"liveness gives up after {alive} s, before readiness after {ready} s"
            yield in_pod(evidence, *place, "livenessProbe")


def budget(probe: Json | None) -> int:
    """Seconds until a probe counts as failed; 0 where there is none."""
    return (probe or {}).get("periodSeconds", 10) * (probe or {}).get("failureThreshold", 3) if probe else 0


def amount(container: Json, side: str, resource: str) -> str | None:
    """A quantity of the container's resources."""
    found = ((container.get("resources") or {}).get(side) or {}).get(resource)
    return None if found is None else str(found)


def variables(container: Json) -> dict[str, str]:
    """The plain environment variables of a container."""
    return {one["name"]: one["value"] for one in container.get("env") or () if "value" in one}
