"""Reaching into pods: a command in one that runs, and a short-lived one of our own."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from runbook.errors import ClusterError
from runbook.kubernetes import frames
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.channels import open_channels
from runbook.kubernetes.cluster import MANAGED_BY, Cluster
from runbook.kubernetes.kinds import KINDS
from runbook.kubernetes.manifests import PROBE_RESOURCES
from runbook.kubernetes.workload import condition, container_statuses

EXEC_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, STATUS = 1, 2, 3

PROBE = {**MANAGED_BY, "app.kubernetes.io/component": "probe"}
# A namespace that was just made gets its ServiceAccount a moment later.
ACCOUNT_WAIT_S = 15.0
POLL_S = 0.3
LOG_LINES = 200


@dataclass(frozen=True)
class PodResult:
    """What a short-lived pod did.

    Attributes:
        exit_code: Exit status of its command.
        output: What the command wrote, its end if it is long.
    """

    exit_code: int
    output: str


def exec_in_pod(
    cluster: Cluster, namespace: str, pod: str, command: Sequence[str], timeout_s: float = 60.0, container: str = ""
) -> str:
    """What a command in a running pod writes to its standard output.

    Raises:
        ClusterError: The pod does not run, the command failed, or took longer; with what it wrote to stderr.
    """
    query = [("command", part) for part in command] + [("stdout", "true"), ("stderr", "true")]
    if container:
        query.append(("container", container))
    path = KINDS["Pod"].path(pod, namespace) + "/exec"
    with open_channels(cluster, path, query, EXEC_PROTOCOLS) as stream:
        try:
            written = _collect(stream, time.monotonic() + timeout_s)
        except TimeoutError as error:
            raise ClusterError(
                f"`{' '.join(command)}` in the pod {pod} did not end within {timeout_s:.0f} s."
            ) from error
    _require_success(written, pod, command)
    return written[STDOUT].decode(errors="replace")


def run_once(
    cluster: Cluster,
    namespace: str,
    image: str,
    command: Sequence[str],
    env: Mapping[str, str],
    timeout_s: float = 60.0,
) -> PodResult:
    """Run a command in a pod of its own that meets the `restricted` level, and remove the pod.

    The pod is removed whatever happens, and ends by itself at the deadline. One that a killed run left behind is
    removed by the next call for the same namespace.

    Raises:
        ClusterError: The pod was refused, or did not end in time; with what it waited for.
    """
    _sweep(cluster, namespace)
    return run_pod(cluster, probe_pod(namespace, image, command, env, timeout_s), timeout_s)


def run_pod(
    cluster: Cluster, body: Json, timeout_s: float, *, is_hopeless: Callable[[Json], bool] = lambda _: False
) -> PodResult:
    """Run a pod of one container to its end, and remove it whatever happens.

    Args:
        cluster: Where.
        body: The pod, which ends by itself at its own deadline.
        timeout_s: Longest wait for its end, in seconds.
        is_hopeless: Whether a pod in this state is not worth waiting for.

    Raises:
        ClusterError: The pod was refused, or did not end in time; with what it waited for.
    """
    pod = _create(cluster, body)
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    try:
        ended = _ended(cluster, namespace, name, time.monotonic() + timeout_s, is_hopeless)
        state = container_statuses(ended)[0]["state"]["terminated"]
        said = cluster.log(namespace, name, body["spec"]["containers"][0]["name"], lines=LOG_LINES).strip()
        if state["exitCode"] and not said:
            said = f"{state.get('reason', '')} {state.get('message', '')}".strip()
        return PodResult(state["exitCode"], said)
    finally:
        with suppress(Refusal):
            cluster.delete("Pod", name, namespace, grace_s=0)


def probe_pod(namespace: str, image: str, command: Sequence[str], env: Mapping[str, str], timeout_s: float) -> Json:
    """The pod: as restricted as Ollama's own, small enough for the quota, and mortal."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"runbook-probe-{token_hex(3)}", "namespace": namespace, "labels": PROBE},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": max(1, round(timeout_s)),
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "runAsGroup": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "probe",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": list(command),
                    "env": [{"name": name, "value": value} for name, value in ({"HOME": "/tmp"} | dict(env)).items()],  # noqa: S108
                    "resources": PROBE_RESOURCES,
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
        },
    }


def _create(cluster: Cluster, body: Json) -> Json:
    deadline = time.monotonic() + ACCOUNT_WAIT_S
    while True:
        try:
            return cluster.create(body)
        except Refusal as refusal:
            if "service account" not in refusal.message or time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)


def _ended(cluster: Cluster, namespace: str, name: str, deadline: float, is_hopeless: Callable[[Json], bool]) -> Json:
    """The pod once its command has ended."""
    while True:
        pod = cluster.get("Pod", name, namespace)
        if pod is None:
            raise ClusterError(f"The pod {name} was removed by somebody else before it ended.")
        statuses = container_statuses(pod)
        if statuses and "terminated" in statuses[0].get("state", {}):
            return pod
        if time.monotonic() > deadline or pod["status"].get("phase") == "Failed" or is_hopeless(pod):
            raise ClusterError(
                f"The pod {name} in the namespace {namespace} did not end in time.",
                why=_waits_for(pod),
                next="91_troubleshoot finds what holds a pod up.",
            )
        time.sleep(POLL_S)


def _waits_for(pod: Json) -> str:
    """What a pod that does not run waits for, in the API's words."""
    for status in container_statuses(pod):
        if waiting := status.get("state", {}).get("waiting"):
            return f"{waiting.get('reason', '')}: {waiting.get('message', '')}".rstrip(": ")
    unscheduled = condition(pod, "PodScheduled")
    if unscheduled.get("status") == "False":
        return f"{unscheduled.get('reason', '')}: {unscheduled.get('message', '')}"
    status = pod.get("status") or {}
    return f"phase {status.get('phase', 'unknown')} {status.get('reason', '')} {status.get('message', '')}".strip()


def _sweep(cluster: Cluster, namespace: str) -> None:
    """Remove probes that have ended: an earlier run was killed before it could."""
    selector = ",".join(f"{key}={value}" for key, value in PROBE.items())
    for pod in cluster.list("Pod", namespace, labels=selector):
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            cluster.delete("Pod", pod["metadata"]["name"], namespace, grace_s=0)


def _collect(stream: socket.socket, deadline: float) -> dict[int, bytearray]:
    """What arrives on each channel until the stream ends."""
    written = {STDOUT: bytearray(), STDERR: bytearray(), STATUS: bytearray()}
    reader = frames.FrameReader()
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        stream.settimeout(left)
        data = stream.recv(1 << 16)
        if not data:
            return written
        reader.buffer += data
        for opcode, payload in reader.messages():
            if opcode == frames.CLOSE:
                return written
            if opcode == frames.PING:
                stream.sendall(frames.frame(frames.PONG, payload))
            elif payload and payload[0] in written:
                written[payload[0]] += payload[1:]


def _require_success(written: Mapping[int, bytearray], pod: str, command: Sequence[str]) -> None:
    """Raise where the kubelet says that the command failed, or never says how it ended."""
    try:
        status: Json = json.loads(written[STATUS])
    except ValueError:
        status = {"status": "Failure", "message": "the stream ended before the command did"}
    if status.get("status") == "Success":
        return
    said = written[STDERR].decode(errors="replace").strip() or written[STDOUT].decode(errors="replace").strip()
    raise ClusterError(
        f"`{' '.join(command)}` failed in the pod {pod}.",
        why=": ".join(part for part in (status.get("message", ""), said[-500:]) if part),
    )
