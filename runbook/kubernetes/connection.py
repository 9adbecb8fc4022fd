"""Connecting: the target's context, its API server, and proof that it is the cluster the target means."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from runbook.errors import ClusterUnreachable, ContextError
from runbook.kubernetes.api import Request, innermost, once
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.kubeconfig import find_context, load
from runbook.parameters import Parameters

Value = TypeVar("Value")

# A login program may open a browser and wait for a person; the server itself has to answer at once.
LOGIN_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 5.0

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")

# Words of an error, in lower case, and what they mean.
SILENCE = (
    ("name or service not known", "its name cannot be resolved"),
    ("failed to resolve", "its name cannot be resolved"),
    ("nodename nor servname", "its name cannot be resolved"),
    ("temporary failure in name resolution", "its name cannot be resolved"),
    ("connection refused", "nothing listens there"),
    ("no route to host", "there is no route to it"),
    ("network is unreachable", "there is no network to it"),
    ("certificate verify failed", "its certificate is not the one the kubeconfig expects"),
    ("wrong version number", "it does not speak TLS"),
    ("timed out", "it does not answer"),
    ("unexpected_eof", "it does not speak TLS"),
)


@dataclass(frozen=True)
class Answered:
    """What a server said about itself."""

    status: int
    version: str
    uid_status: int
    uid: str
    text: str


def connect(parameters: Parameters) -> Cluster:
    """Connect to the cluster that a target names, or say within seconds why not.

    Raises:
        ContextError: The kubeconfig has no such context, its login is not accepted, or the cluster behind it is
            not the one the target names.
        ClusterUnreachable: Nobody answered at the cluster's address.
    """
    files = find_context(parameters)
    settings = _within(LOGIN_TIMEOUT_S, lambda: load(files, parameters.context))
    if settings is None:
        raise ContextError(
            f"The login of the context {parameters.context} did not end within {LOGIN_TIMEOUT_S:.0f} s.",
            next=f"Log in by hand: `kubectl --context {parameters.context} get --raw /version`.",
        )
    answered = _ask(parameters, settings)
    if answered.status == 401 or answered.uid_status == 401:
        raise _not_accepted(parameters, files, settings.host)
    if not answered.version:
        raise ClusterUnreachable(
            f"What answers at {settings.host} is not the API of Kubernetes.",
            why=f"status {answered.status} to GET /version: {answered.text[:200]}",
            next=_look(parameters),
        )
    _same_cluster(parameters, settings.host, answered)
    return Cluster(parameters.context, settings.host, answered.uid, answered.version, settings)


def _ask(parameters: Parameters, settings: Any) -> Answered:
    """What the server says about itself, asked once without retries, within a few seconds."""
    try:
        answered = _within(ANSWER_TIMEOUT_S, lambda: _version_and_uid(settings))
    except Exception as error:  # whatever layer of the client failed, the cluster did not answer
        raise _unreachable(parameters, settings, str(innermost(error))) from error
    if answered is None:
        raise _unreachable(parameters, settings, f"timed out: no answer within {ANSWER_TIMEOUT_S:.0f} s")
    return answered


def _version_and_uid(settings: Any) -> Answered:
    import copy

    from kubernetes.client.api_client import ApiClient

    impatient = copy.deepcopy(settings)
    impatient.retries = False
    client = ApiClient(impatient)
    try:
        version = once(client, Request("GET", "/version", {}, timeout_s=ANSWER_TIMEOUT_S))
        system = once(client, Request("GET", "/api/v1/namespaces/kube-system", {}, timeout_s=ANSWER_TIMEOUT_S))
    finally:
        client.rest_client.close()
    return Answered(
        status=version.status,
        version=_field(version.data, "gitVersion"),
        uid_status=system.status,
        uid=_field(system.data, "metadata", "uid") if system.status == 200 else "",
        text=version.data.decode(errors="replace").strip(),
    )


def _field(data: bytes, *path: str) -> str:
    """A text inside a JSON answer; empty where it is not there."""
    try:
        found = json.loads(data)
        for key in path:
            found = found[key]
    except (ValueError, KeyError, TypeError):
        return ""
    return str(found)


def _within(seconds: float, call: Callable[[], Value]) -> Value | None:
    """What a call returns, or None where it takes longer; name lookups and login programs know no time limit."""
    result: list[Value] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, name="runbook connect", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    return result[0] if result else None


def _unreachable(parameters: Parameters, settings: Any, evidence: str) -> ClusterUnreachable:
    meaning = next((words for text, words in SILENCE if text in evidence.lower()), "")
    ignored = [name for name in PROXIES if os.environ.get(name)]
    if ignored and not settings.proxy:
        evidence += f" ({ignored[0]} is set, but is not used for a cluster; a proxy-url in the kubeconfig is)"
    way = f" through the kubeconfig's proxy-url {_without_login(settings.proxy)}" if settings.proxy else ""
    return ClusterUnreachable(
        f"The cluster of context {parameters.context} at {settings.host} cannot be reached{way}"
        + (f": {meaning}." if meaning else "."),
        why=evidence,
        next=_look(parameters),
    )


def _without_login(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def _not_accepted(parameters: Parameters, files: tuple[Path, ...], server: str) -> ContextError:
    return ContextError(
        f"The cluster at {server} does not accept the login of the context {parameters.context}.",
        why=f"401 Unauthorized; the login is read from {', '.join(map(str, files))}",
        next=f"Log in again; `kubectl --context {parameters.context} auth whoami` shows when it works.",
    )


def _same_cluster(parameters: Parameters, server: str, answered: Answered) -> None:
    wanted = parameters.cluster_uid
    if wanted is None or wanted == answered.uid:
        return
    found = answered.uid or f"not readable (status {answered.uid_status})"
    raise ContextError(
        f"The context {parameters.context} leads to another cluster than target {parameters.target} names.",
        why=f"{server} has UID {found}, the target says {wanted}",
        next=f"Choose the right context, or correct `cluster_uid` in targets/{parameters.target}.yaml.",
    )


def _look(parameters: Parameters) -> str:
    if parameters.target == "local":
        return "Start the local cluster with `runbook local up`; `runbook local status` shows its parts."
    return f"Check from this machine: `kubectl --context {parameters.context} get --raw /version`."
