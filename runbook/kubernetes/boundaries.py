"""Checks after an apply of the boundaries of the namespace: its quotas, and whether its network policy is enforced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

from runbook.checks import Check
from runbook.errors import ClusterError
from runbook.hardware import parse_quantity
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.checks import CONSUMER
from runbook.kubernetes.cluster import MANAGED_BY, Cluster
from runbook.kubernetes.manifests import PORT, SERVICE
from runbook.kubernetes.pods import run_once
from runbook.kubernetes.service import ready_endpoints
from runbook.parameters import Parameters

# A policy that drops packets lets a connection hang; this long is enough for one that is let through.
CONNECT_S = 8
STRANGER_TIMEOUT_S = 60.0
# How `timeout` ends, by its maker.
TIMED_OUT = frozenset({124, 137, 143})
# What a network that rejects instead of dropping lets a client say.
TURNED_AWAY = ("could not connect", "refused", "unreachable", "no route", "timeout", "timed out")


def quota_check(cluster: Cluster, parameters: Parameters) -> Check:
    """Whether the namespace uses no more than its quotas allow, resource by resource."""
    name = f"The quotas of the namespace {parameters.namespace} hold"
    quotas = cluster.list("ResourceQuota", parameters.namespace)
    if not quotas:
        return Check(name, "failed", "there is no ResourceQuota", "Apply the manifests with 03_apply.")
    uses = [use for quota in quotas for use in _uses(quota)]
    over = [words for words, fits in uses if not fits]
    evidence = "; ".join(over or [words for words, _ in uses]) or "the quota controller has not counted yet"
    return Check.that(name, not over, evidence, "See 91_troubleshoot, section Quota.")


def policy_check(cluster: Cluster, parameters: Parameters) -> Check:
    """Whether the network policy keeps out a pod that it does not let in, by a real connection.

    Where the cluster's network does not enforce policies, that is said plainly and is no failure: the policy is
    right, and nobody carries it out. The pod runs in a short-lived namespace without the label of consumers.
    """
    name = "The network policy keeps strangers out"
    address = f"http://{SERVICE}.{parameters.namespace}.svc.cluster.local:{PORT}"
    command = ["timeout", str(CONNECT_S), "ollama", "list"]
    try:
        if not ready_endpoints(cluster, parameters.namespace, SERVICE, PORT):
            return Check.skipped(name, f"no pod behind the Service {SERVICE} is ready, so a silence says nothing")
        with _stranger(cluster) as namespace:
            env = {"OLLAMA_HOST": address}
            result = run_once(cluster, namespace, parameters.image, command, env, STRANGER_TIMEOUT_S)
    except Refusal as refusal:
        return Check.skipped(name, f"no pod could be started to try it: {refusal.why or refusal.what}")
    except ClusterError as error:
        return Check.skipped(name, f"the pod that was to try it did not run: {error.what} {error.why}".strip())
    if result.exit_code == 0:
        return Check.skipped(
            name,
            "not enforced here: a pod that the policy does not let in was answered. This cluster's network carries "
            "out no NetworkPolicy, so every pod of the cluster reaches Ollama, which has no login",
        )
    said = result.output[-200:]
    if result.exit_code in TIMED_OUT or any(word in said for word in TURNED_AWAY):
        how = "in vain" if result.exit_code in TIMED_OUT else f"and was turned away: {said}"
        return Check.that(name, True, f"a pod of another namespace tried for up to {CONNECT_S} s, {how}")
    return Check.skipped(name, f"the try says nothing: `{' '.join(command)}` ended with {result.exit_code}: {said}")


def _uses(quota: Json) -> Iterator[tuple[str, bool]]:
    """Each resource of a quota in words, and whether it fits."""
    status = quota.get("status") or {}
    used = status.get("used") or {}
    for resource, hard in (status.get("hard") or {}).items():
        now = str(used.get(resource, "0"))
        yield f"{resource} {now} of {hard}", parse_quantity(now) <= parse_quantity(str(hard))


@contextmanager
def _stranger(cluster: Cluster) -> Iterator[str]:
    """A short-lived namespace that no policy lets in; one that is left behind goes with a rollback."""
    name = f"runbook-stranger-{token_hex(3)}"
    labels = {**MANAGED_BY, **dict.fromkeys(CONSUMER, "false")}
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    try:
        yield name
    finally:
        cluster.delete("Namespace", name)
