"""Checks after an apply: the rollout as the manifests mean it, and the Service as its consumer sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

from runbook.checks import Check
from runbook.errors import ClusterError
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.causes.service import diagnose_service
from runbook.kubernetes.cluster import MANAGED_BY, Cluster
from runbook.kubernetes.diagnosis import judge
from runbook.kubernetes.manifests import CLAIM, CONTAINER, DEPLOYMENT, PORT, SERVICE
from runbook.kubernetes.pods import run_once
from runbook.kubernetes.service import ready_endpoints
from runbook.kubernetes.workload import Workload, container_statuses
from runbook.parameters import Parameters

APPLY = "Apply the manifests with 03_apply."
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
# The label that the network policy lets in; see manifests/ai/networkpolicy.yaml.
CONSUMER = {"ollama-runbook/consumer": "true"}
REACH_TIMEOUT_S = 90.0
# A restart longer ago says nothing about now: the pod may have lived through a busy hour.
RECENT_RESTART_S = 600.0


def rollout_checks(cluster: Cluster, parameters: Parameters) -> tuple[Check, ...]:
    """Whether what was applied runs as it is meant to: Deployment, probes, volume, Service, environment."""
    workload = Workload(cluster, parameters.namespace, DEPLOYMENT)
    return (
        _available(workload),
        _probes_stated(workload),
        _probes_passing(workload),
        _bound(cluster, parameters),
        _endpoints(cluster, parameters),
        _proxies(workload),
    )


def reachability_check(cluster: Cluster, parameters: Parameters) -> Check:
    """Whether a pod of the consumer's namespace reaches Ollama by its Service's name, with Ollama's own client.

    Where the consumer's namespace does not exist yet, a short-lived one stands in for it that carries the
    label which the network policy lets in.
    """
    address = f"http://{SERVICE}.{parameters.namespace}.svc.cluster.local:{PORT}"
    name = f"Ollama is reachable from another namespace at {address}"
    command, env = ["ollama", "list"], {"OLLAMA_HOST": address}
    try:
        with _consumer(cluster, parameters) as (namespace, words):
            result = run_once(cluster, namespace, parameters.image, command, env, REACH_TIMEOUT_S)
    except Refusal as refusal:
        return Check.skipped(name, f"no pod could be started to ask from: {refusal.why or refusal.what}")
    except ClusterError as error:
        return Check(name, "failed", f"{error.what} {error.why}".strip(), error.next)
    return Check.that(
        name,
        result.exit_code == 0,
        f"{words}: `ollama list` ended with {result.exit_code}: {result.output[-300:]}",
        "Refused means no ready endpoint, a name that is not found the cluster's DNS, a timeout a network policy: "
        "91_troubleshoot, section Service.",
    )


@contextmanager
def _consumer(cluster: Cluster, parameters: Parameters) -> Iterator[tuple[str, str]]:
    """The namespace to ask from, and words that say which it is; one of our own is removed afterwards."""
    wanted = parameters.consumer_namespace
    if cluster.get("Namespace", wanted) is not None:
        yield wanted, f"from the namespace {wanted}"
        return
    stand_in = f"runbook-consumer-{token_hex(3)}"
    labels = {**MANAGED_BY, **CONSUMER}
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": stand_in, "labels": labels}})
    try:
        yield stand_in, f"from a short-lived namespace, as {wanted} does not exist yet"
    finally:
        cluster.delete("Namespace", stand_in)


def _available(workload: Workload) -> Check:
    found = judge(workload)
    name = f"Deployment {workload.name} is available"
    if found is None:
        pod = workload.pod or {"metadata": {"name": "?"}, "spec": {}}
        return Check.that(name, True, f"pod {pod['metadata']['name']} on node {pod['spec'].get('nodeName', '?')}")
    hint = f"{found.remedy} See 91_troubleshoot, section {found.section}."
    return Check(name, "failed", f"{found.cause} {found.evidence}", hint)


def _container(workload: Workload) -> Json:
    """Ollama's container as the Deployment states it."""
    template = (workload.deployment or {}).get("spec", {}).get("template", {}).get("spec", {})
    found: Json = next((one for one in template.get("containers") or () if one["name"] == CONTAINER), {})
    return found


def _probes_stated(workload: Workload) -> Check:
    """A probe with the default timeout of one second fails whenever inference takes the whole CPU."""
    container = _container(workload)
    words = [
        f"{probe} {one['httpGet']['path'] if 'httpGet' in one else ''} every {one.get('periodSeconds')} s, "
        f"timeout {one.get('timeoutSeconds')} s, {one.get('failureThreshold')} failures"
        for probe in PROBES
        if (one := container.get(probe))
    ]
    patient = all((container.get(probe) or {}).get("timeoutSeconds", 0) > 1 for probe in PROBES)
    return Check.that("The probes are set, with patience", patient, "; ".join(words) or "no probe", APPLY)


def _probes_passing(workload: Workload) -> Check:
    statuses = container_statuses(workload.pod)
    ready = bool(statuses) and all(status.get("ready") for status in statuses)
    ages = [workload.age_s(time) for status in statuses if (time := _last_end(status))]
    evidence = (
        f"{'ready' if ready else 'not ready'}, {sum(status.get('restartCount', 0) for status in statuses)} restarts"
    )
    if ages:
        evidence += f", the last {min(ages) / 60:.0f} min ago"
    is_calm = not ages or min(ages) > RECENT_RESTART_S
    return Check.that("The probes pass", ready and is_calm, evidence, "See 91_troubleshoot, section Probes.")


def _last_end(status: Json) -> str | None:
    """When the container ended before it was started again."""
    terminated = (status.get("lastState") or {}).get("terminated") or {}
    return terminated.get("finishedAt")


def _bound(cluster: Cluster, parameters: Parameters) -> Check:
    claim = cluster.get("PersistentVolumeClaim", CLAIM, parameters.namespace) or {}
    phase = (claim.get("status") or {}).get("phase", "absent")
    spec = claim.get("spec") or {}
    size = ((claim.get("status") or {}).get("capacity") or {}).get("storage", "?")
    evidence = f"{phase}, volume {spec.get('volumeName', '?')}, class {spec.get('storageClassName', '?')}, {size}"
    hint = "See 91_troubleshoot, section Storage."
    return Check.that(f"The volume claim {CLAIM} is bound", phase == "Bound", evidence, hint)


def _endpoints(cluster: Cluster, parameters: Parameters) -> Check:
    name = f"The Service {SERVICE} leads to a ready pod"
    try:
        ready = ready_endpoints(cluster, parameters.namespace, SERVICE, PORT)
    except ClusterError as error:
        return Check(name, "failed", f"{error.what} {error.why}".strip(), error.next)
    if not ready and (found := diagnose_service(cluster, parameters.namespace, SERVICE)):
        hint = f"{found.remedy} See 91_troubleshoot, section {found.section}."
        return Check(name, "failed", f"{found.cause} {found.evidence}", hint)
    words = ", ".join(f"{one.pod}:{one.port}" for one in ready) or "no ready endpoint"
    return Check.that(name, bool(ready), words, "See 91_troubleshoot, section Service.")


def _proxies(workload: Workload) -> Check:
    """HTTP_PROXY would take the container's own client to the proxy when it asks the server beside it."""
    names = {one["name"] for one in _container(workload).get("env") or ()}
    plain = sorted(names & {"HTTP_PROXY", "http_proxy"})
    lonely = names & {"HTTPS_PROXY", "https_proxy"} and not names & {"NO_PROXY", "no_proxy"}
    evidence = ", ".join(plain) or ("HTTPS_PROXY without NO_PROXY" if lonely else "no HTTP_PROXY")
    hint = (
        "In the target's environment use HTTPS_PROXY for pulls, and NO_PROXY with localhost, 127.0.0.1, 0.0.0.0, "
        ".svc and .cluster.local; never HTTP_PROXY."
    )
    return Check.that("No proxy hijacks local calls", not plain and not lonely, evidence, hint)
