"""What lies around a Deployment and spoils it: volumes, classes, policies, a namespace, a registry.

Each is a function of the cluster, the Deployment's namespace and its name. What lies outside namespaces carries the
namespace in its name and is removed by `clear`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from runbook.commands.local import state_folder
from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, Refusal

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
HOLD = ["example.com/hold"]
PATIENCE_S = 120.0
RUNTIME = "test-runtime-that-nobody-has"
# Inside the node's network, where containerd takes a registry without TLS.
REGISTRY = "127.0.0.1:5099"
VOLUMES = "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
RUNTIMES = "/apis/node.k8s.io/v1/runtimeclasses"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
OUTSIDE = (
    VOLUMES,
    CLASSES,
    RUNTIMES,
    f"{ADMISSION}/validatingadmissionpolicybindings",
    f"{ADMISSION}/validatingadmissionpolicies",
    f"{ADMISSION}/validatingwebhookconfigurations",
)
MADE_BY_TESTS = {"ollama-runbook/made-by": "the-tests"}
LABEL = "ollama-runbook/made-by=the-tests"


def outside(cluster: Cluster, collection: str, name: str, **body: Any) -> None:
    """Make an object that lives in no namespace."""
    cluster.request("POST", collection, body={"metadata": {"name": name, "labels": MADE_BY_TESTS}, **body})


def clear(cluster: Cluster) -> None:
    """Remove what was made outside namespaces, and what holds objects of them back."""
    for collection in OUTSIDE:
        for one in cluster.request("GET", collection, query={"labelSelector": LABEL}).body.get("items") or ():
            path = f"{collection}/{one['metadata']['name']}"
            with suppress(ClusterError):
                cluster.request("DELETE", path)
            if one["metadata"].get("finalizers"):
                with suppress(ClusterError):
                    cluster.request("PATCH", path, body={"metadata": {"finalizers": None}}, content_type=MERGE)


def release(cluster: Cluster, namespace: str) -> None:
    """Take away the finalizers of ConfigMaps of a namespace, and end its pods at once."""
    for one in cluster.list("ConfigMap", namespace):
        if one["metadata"].get("finalizers"):
            path = f"/api/v1/namespaces/{namespace}/configmaps/{one['metadata']['name']}"
            with suppress(ClusterError):
                cluster.request("PATCH", path, body={"metadata": {"finalizers": None}}, content_type=MERGE)
    for one in cluster.list("Pod", namespace):
        cluster.delete("Pod", one["metadata"]["name"], namespace, grace_s=0)


def eventually(what: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """What a call returns once it returns something."""
    deadline = time.monotonic() + patience_s
    while not (found := what()):
        if time.monotonic() > deadline:
            raise TimeoutError(what.__qualname__)
        time.sleep(0.3)
    return found


def volume(cluster: Cluster, name: str, *, kind: Json | None = None, **spec: Any) -> None:
    """A volume of 1 GiB on the node, in the class of its own name."""
    affinity = {"nodeSelectorTerms": [{"matchExpressions": [on_a_node(cluster)]}]}
    whole = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": name,
        "persistentVolumeReclaimPolicy": "Retain",
        "nodeAffinity": {"required": affinity},
        **(kind or {"local": {"path": "/no/such/disk"}}),
        **spec,
    }
    outside(cluster, VOLUMES, name, spec={key: value for key, value in whole.items() if value is not None})


def on_a_node(cluster: Cluster) -> Json:
    (node,) = [one for one in cluster.list("Node") if "ollama-runbook/fake" not in one["metadata"].get("labels", {})]
    return {"key": "kubernetes.io/hostname", "operator": "In", "values": [node["metadata"]["name"]]}


def claim(cluster: Cluster, namespace: str, name: str, storage_class: str, **spec: Any) -> None:
    body = {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        **spec,
    }
    metadata = {"name": name, "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": body})


def bound(cluster: Cluster, namespace: str, name: str) -> Json:
    def phase() -> Json | None:
        found = cluster.get("PersistentVolumeClaim", name, namespace) or {}
        return found if found.get("status", {}).get("phase") == "Bound" else None

    found: Json = eventually(phase)
    return found


def claim_without_a_class(cluster: Cluster, namespace: str, name: str) -> None:
    claim(cluster, namespace, "classless", "tape-robot")


def claim_a_volume_elsewhere(cluster: Cluster, namespace: str, name: str) -> None:
    elsewhere = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["another-node"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [elsewhere]}]}}
    volume(cluster, namespace, nodeAffinity=affinity)
    claim(cluster, namespace, "far", namespace)
    bound(cluster, namespace, "far")


def claim_from_a_silent_provisioner(cluster: Cluster, namespace: str, name: str) -> None:
    outside(cluster, CLASSES, namespace, provisioner="example.com/nobody")
    claim(cluster, namespace, "unserved", namespace)


def claim_what_the_provisioner_cannot_make(cluster: Cluster, namespace: str, name: str) -> None:
    claim(cluster, namespace, "shared", "local", accessModes=["ReadWriteMany"])


def release_a_volume(cluster: Cluster, namespace: str, name: str) -> None:
    volume(cluster, namespace)
    outside(cluster, CLASSES, namespace, provisioner="kubernetes.io/no-provisioner", volumeBindingMode="Immediate")
    claim(cluster, namespace, "first", namespace)
    bound(cluster, namespace, "first")
    cluster.delete("PersistentVolumeClaim", "first", namespace)
    eventually(lambda: (cluster.get("PersistentVolume", namespace) or {})["status"]["phase"] == "Released")
    claim(cluster, namespace, "second", namespace)


def claim_an_unlike_volume(cluster: Cluster, namespace: str, name: str) -> None:
    volume(cluster, namespace)
    more = {"requests": {"storage": "2Gi"}}
    claim(cluster, namespace, "unlike", namespace, volumeName=namespace, resources=more)


def lose_a_volume(cluster: Cluster, namespace: str, name: str) -> None:
    volume(cluster, namespace)
    claim(cluster, namespace, "lost", namespace)
    bound(cluster, namespace, "lost")
    path = f"{VOLUMES}/{namespace}"
    cluster.request("DELETE", path)
    cluster.request("PATCH", path, body={"metadata": {"finalizers": None}}, content_type=MERGE)


def claim_a_volume_without_its_driver(cluster: Cluster, namespace: str, name: str) -> None:
    volume(cluster, namespace, kind={"csi": {"driver": "csi.example.com", "volumeHandle": "v"}}, nodeAffinity=None)
    claim(cluster, namespace, "driverless", namespace)
    bound(cluster, namespace, "driverless")


def claim_a_folder_that_is_not_there(cluster: Cluster, namespace: str, name: str) -> None:
    volume(cluster, namespace)
    claim(cluster, namespace, "unmounted", namespace)
    bound(cluster, namespace, "unmounted")


def runtime_class(cluster: Cluster, namespace: str, name: str) -> None:
    with suppress(Refusal):
        cluster.request("DELETE", f"{RUNTIMES}/{RUNTIME}")
    outside(cluster, RUNTIMES, RUNTIME, handler="nobody-runs-this")


def keep_a_program_for_another_cpu(cluster: Cluster, namespace: str, name: str) -> None:
    metadata = {"name": "program", "namespace": namespace}
    data = {"main": "no format that a kernel knows\n"}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def delete_held_namespace(cluster: Cluster, namespace: str, name: str) -> None:
    metadata = {"name": "held", "namespace": namespace, "finalizers": HOLD}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    cluster.delete("Namespace", namespace)


def of_namespace(namespace: str) -> Json:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


PODS = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]


def forbid_pods(cluster: Cluster, namespace: str, name: str) -> None:
    constraints = {"namespaceSelector": of_namespace(namespace), "resourceRules": PODS}
    rule = {"expression": "false", "message": "not in this namespace"}
    policy = {"failurePolicy": "Fail", "matchConstraints": constraints, "validations": [rule]}
    outside(cluster, f"{ADMISSION}/validatingadmissionpolicies", namespace, spec=policy)
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    outside(cluster, f"{ADMISSION}/validatingadmissionpolicybindings", namespace, spec=binding)
    eventually(lambda: pods_are_refused(cluster, namespace))


def guard_pods_by_a_silent_webhook(cluster: Cluster, namespace: str, name: str) -> None:
    hook = {
        "name": "guard.example.com",
        "clientConfig": {"service": {"name": "absent", "namespace": namespace}},
        "rules": PODS,
        "namespaceSelector": of_namespace(namespace),
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    outside(cluster, f"{ADMISSION}/validatingwebhookconfigurations", namespace, webhooks=[hook])
    eventually(lambda: pods_are_refused(cluster, namespace))


def pods_are_refused(cluster: Cluster, namespace: str) -> bool:
    """Whether what was just made takes effect: a pod is refused in a dry run."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asked", "namespace": namespace},
        "spec": {"containers": [{"name": "x", "image": "x"}]},
    }
    try:
        cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods", query={"dryRun": "All"}, body=body)
    except Refusal as refusal:
        return "service account" not in refusal.message
    return False


def a_pod(cluster: Cluster, namespace: str) -> Json | None:
    """The pod of a Deployment once it runs."""
    pods = [one for one in cluster.list("Pod", namespace) if one["status"].get("phase") == "Running"]
    return pods[0] if pods else None


def replace_slow_pod(cluster: Cluster, namespace: str, name: str) -> None:
    eventually(lambda: a_pod(cluster, namespace))
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    note = {"spec": {"template": {"metadata": {"annotations": {"round": "two"}}}}}
    cluster.request("PATCH", path, body=note, content_type=MERGE)


def evict_slow_pod(cluster: Cluster, namespace: str, name: str) -> None:
    pod = eventually(lambda: a_pod(cluster, namespace))["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", body=body)


def plain_registry() -> str:
    """The local cluster's own registry by its address, which speaks no TLS."""
    link = json.loads((state_folder() / "cluster.json").read_text())["link"]
    return f"{link['node_address']}:5000"


@contextmanager
def registry() -> Iterator[None]:
    """A registry inside the node's network that fails in the way its repositories are named for."""
    pid = json.loads((state_folder() / "process.json").read_text())["pid"]
    program = Path(__file__).with_name("stub_registry.py")
    command = ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, str(program), REGISTRY.partition(":")[2]]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
