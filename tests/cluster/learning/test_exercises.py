"""Each exercise on the real cluster: not begun, begun wrongly, and done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from runbook import learning
from runbook.checks import Check
from runbook.kubernetes import Cluster, Refusal
from runbook.parameters import Parameters

Json = dict[str, Any]
SLEEP = ["sleep", "3600"]
SMALL = {"cpu": "10m", "memory": "16Mi"}
CAREFUL: Json = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def container(parameters: Parameters, command: Sequence[str] = SLEEP, **more: Any) -> Json:
    return {"name": "main", "image": parameters.image, "command": list(command), **more}


def pod(cluster: Cluster, namespace: str, name: str, one: Json, **spec: Any) -> None:
    meta = {"name": name, "namespace": namespace}
    body = {"containers": [one], "terminationGracePeriodSeconds": 0, **spec}
    deadline = time.monotonic() + 20
    while True:
        try:
            cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body})
            return
        except Refusal as refusal:
            # A new namespace gets its account a moment later.
            if "service account" not in refusal.message or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def failed(checks: Sequence[Check]) -> str:
    """The one check that failed; empty where none did."""
    names = [check.name for check in checks if check.status == "failed"]
    assert len(names) <= 1, "what builds on a failure is skipped"
    hints = [check.hint for check in checks if check.status == "failed"]
    assert all(hints), "what is wrong says what to look at next"
    return names[0] if names else ""


def done(judge: Callable[[], Sequence[Check]], within_s: float = 40) -> bool:
    """Whether every check passes before long; the cluster needs a moment."""
    deadline = time.monotonic() + within_s
    while {check.status for check in judge()} != {"passed"}:
        assert time.monotonic() < deadline, judge()
        time.sleep(0.3)
    return True


def test_resources_tell_burstable_from_guaranteed(cluster: Cluster, parameters: Parameters, namespace: str) -> None:
    def judge(name: str = "steady") -> Sequence[Check]:
        return learning.judge_resources(cluster, namespace, name)

    assert failed(judge()) == "There is a Pod steady"
    pod(cluster, namespace, "bare", container(parameters))
    assert failed(judge("bare")) == "Every container states limits for cpu and memory"
    burst = {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": SMALL}
    pod(cluster, namespace, "burst", container(parameters, resources=burst))
    assert failed(judge("burst")) == "Requests are equal to the limits"
    pod(cluster, namespace, "steady", container(parameters, resources={"limits": SMALL}))
    assert done(judge)


def test_probes_tell_a_hasty_liveness_from_a_patient_one(
    cluster: Cluster, parameters: Parameters, namespace: str
) -> None:
    def judge(name: str = "patient") -> Sequence[Check]:
        return learning.judge_probes(cluster, namespace, name)

    def deploy(name: str, **probes: Json) -> None:
        passing = {"exec": {"command": ["true"]}}
        one = container(parameters, **{f"{probe}Probe": passing | probes[probe] for probe in probes})
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [one], "terminationGracePeriodSeconds": 0}}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        meta = {"name": name, "namespace": namespace}
        cluster.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})

    assert failed(judge()) == "There is a Deployment patient"
    deploy("two", readiness={}, liveness={})
    assert failed(judge("two")) == "It has all three probes"
    deploy("short", startup={"periodSeconds": 1}, readiness={}, liveness={})
    assert failed(judge("short")) == "The startup probe gives it half a minute"
    long = {"periodSeconds": 1, "failureThreshold": 30}
    deploy("hasty", startup=long, readiness={}, liveness={})
    assert failed(judge("hasty")) == "Liveness is more patient than readiness"
    deploy("patient", startup=long, readiness={"periodSeconds": 2}, liveness={"failureThreshold": 6})
    assert done(judge)


def test_a_claim_outlives_the_pod_that_wrote(cluster: Cluster, parameters: Parameters, namespace: str) -> None:
    def judge() -> Sequence[Check]:
        return learning.judge_claim(cluster, namespace)

    mounts = {"volumeMounts": [{"name": "notes", "mountPath": "/notes"}]}
    volumes = [{"name": "notes", "persistentVolumeClaim": {"claimName": "notes"}}]
    assert failed(judge()) == "There is a PersistentVolumeClaim notes"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    meta = {"name": "notes", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec})
    assert failed(judge()) == "It is bound to a volume"
    write = container(parameters, ["sh", "-c", "echo kept > /notes/file; sleep 3600"], **mounts)
    pod(cluster, namespace, "writer", write, volumes=volumes)
    read = ["sh", "-c", "while ! cat /notes/file; do sleep 0.2; done; sleep 3600"]
    pod(cluster, namespace, "reader", container(parameters, read, **mounts), volumes=volumes)
    wait_for(lambda: "kept" in cluster.log(namespace, "reader", "main"), judge)
    assert failed(judge()) == "The pod that wrote is gone"
    cluster.delete("Pod", "writer", namespace, grace_s=0)
    assert done(judge)


def test_a_short_name_leads_nowhere_from_another_namespace(
    cluster: Cluster, parameters: Parameters, namespace: str
) -> None:
    def judge(answer: str | None) -> Sequence[Check]:
        return learning.judge_name(cluster, parameters, namespace, answer)

    assert failed(judge(None)) == "There is a Service web"
    meta = {"name": "web", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]}})
    assert failed(judge(None)) == "You gave a name"
    assert failed(judge("web")) == "It leads there from another namespace"
    assert done(lambda: judge(f"web.{namespace}.svc.cluster.local"))


def test_a_namespace_that_enforces_nothing_is_told_from_one_that_does(
    cluster: Cluster, parameters: Parameters, namespace: str
) -> None:
    def judge() -> Sequence[Check]:
        return learning.judge_security(cluster, namespace)

    def label(level: str) -> None:
        body = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}}
        path = f"/api/v1/namespaces/{namespace}"
        cluster.request("PATCH", path, body=body, content_type="application/merge-patch+json")

    assert failed(judge()) == "It enforces restricted"
    label("baseline")
    assert failed(judge()) == "It enforces restricted"
    label("restricted")
    assert failed(judge()) == "There is a Pod careful"
    pod(cluster, namespace, "careful", container(parameters, securityContext=CAREFUL))
    assert done(judge)


def test_a_stateful_set_is_judged_by_names_claims_and_a_pod_that_came_back(
    cluster: Cluster, parameters: Parameters, namespace: str
) -> None:
    def judge() -> Sequence[Check]:
        return learning.judge_stateful(cluster, namespace)

    assert failed(judge()) == "There is a StatefulSet counters"
    labels = {"app": "counters"}
    one = container(parameters, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    template = {"metadata": {"labels": labels}, "spec": {"containers": [one], "terminationGracePeriodSeconds": 0}}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    spec = {
        "replicas": 2,
        "serviceName": "counters",
        "selector": {"matchLabels": labels},
        "template": template,
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    meta = {"name": "counters", "namespace": namespace}
    cluster.create({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": spec})
    assert failed(judge()) == "Its Service is headless, so that each pod has a DNS name"
    headless = {"clusterIP": "None", "selector": labels, "ports": [{"port": 80}]}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": headless})
    back = "A pod that was deleted came back under its name, with its old claim"
    wait_for(lambda: failed(judge()) == back, judge)
    time.sleep(2)  # timestamps are whole seconds
    cluster.delete("Pod", "counters-1", namespace, grace_s=0)
    assert done(judge)


def test_who_practises_is_told_what_may_be_created(cluster: Cluster, namespace: str) -> None:
    assert {check.status for check in learning.may_practise(cluster, namespace)} == {"passed"}
    assert learning.may_practise(cluster, "kube-system")[0].status == "failed"


def wait_for(holds: Callable[[], bool], judge: Callable[[], Sequence[Check]]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, judge()
        time.sleep(0.3)
