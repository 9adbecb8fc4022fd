"""Exercise on names: by which name a Service is reached from another namespace."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.checks import Check
from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, run_once
from runbook.learning.objects import exists, in_turn
from runbook.parameters import Parameters

RESOLVE = "import socket, sys; print(socket.gethostbyname(sys.argv[1]))"
WAIT_S = 60.0


def judge_name(
    cluster: Cluster, parameters: Parameters, namespace: str, answer: str | None, service: str = "web"
) -> tuple[Check, ...]:
    """Whether a name leads to the learner's Service from another namespace; a pod there asks the cluster's DNS.

    Args:
        cluster: Where.
        parameters: The image that asks.
        namespace: Where the Service is.
        answer: The name; None while there is none.
        service: Name of the Service.
    """
    return in_turn(_name(cluster, parameters, namespace, answer, service))


def _name(
    cluster: Cluster, parameters: Parameters, namespace: str, answer: str | None, service: str
) -> Iterator[Check]:
    body = cluster.get("Service", service, namespace)
    yield exists(body, "Service", service, namespace, f"kubectl create service clusterip {service} --tcp 80:80")
    address = ((body or {}).get("spec") or {}).get("clusterIP", "")
    yield Check.that(
        "It has an address of the cluster",
        address not in ("", "None"),
        address or "none",
        "a Service of type ClusterIP",
    )
    given = (answer or "").strip()
    hint = "a short name is looked up in the pod's own namespace: look at /etc/resolv.conf in a pod"
    yield Check.that("You gave a name", bool(given), given or "not answered yet", hint)
    if not body or not given or not address:
        yield Check.skipped("It leads there from another namespace", "the lines above come first")
        return
    yield _asked(cluster, parameters, given, address, hint)


def _asked(cluster: Cluster, parameters: Parameters, name: str, address: str, hint: str) -> Check:
    said = "It leads there from another namespace"
    if parameters.probe_image is None:
        return Check.skipped(said, "the target names no probe_image to ask with")
    command = ["python3", "-c", RESOLVE, name]
    try:
        result = run_once(cluster, "default", parameters.probe_image, command, {}, WAIT_S)
    except ClusterError as error:
        return Check.skipped(said, f"no pod could ask: {error.what} {error.why}")
    last = (result.output.splitlines() or [""])[-1]
    found = "" if result.exit_code else last
    return Check.that(said, found == address, f"{name} is {last} in the namespace default, the Service {address}", hint)
