"""Each cause on recorded objects: the root is found, and the words carry the evidence."""

from __future__ import annotations

from typing import Any

import pytest

from runbook.kubernetes.diagnosis import judge
from runbook.kubernetes.known import Diagnosis

from .recorded import Scene, ago, thing

UNSCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": ago(9)}


def diagnosed(scene: Scene) -> Diagnosis:
    found = judge(scene.workload)
    assert found is not None
    return found


def unscheduled(scene: Scene, message: str) -> None:
    scene.pod["status"]["conditions"] = [{**UNSCHEDULED, "message": message}]


def refused(scene: Scene, message: str) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "lastTransitionTime": ago(4), "message": message}
    scene.replica_set["status"] = {"conditions": [failure]}
    scene.without_pod()


def claimed(scene: Scene, claim: dict[str, Any] | None, **status: Any) -> None:
    scene.pod["spec"]["volumes"] = [{"name": "models", "persistentVolumeClaim": {"claimName": "ollama-models"}}]
    if claim is not None:
        scene.add(thing("PersistentVolumeClaim", "ollama-models", spec=claim, status={"phase": "Pending", **status}))


def node(scene: Scene, ready: str = "True", cpu: str = "4", memory: str = "16Gi", **spec: Any) -> None:
    scene.pod["spec"]["nodeName"] = "n1"
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": ago(70), "reason": "NodeStatusUnknown"}
    status = {"conditions": [condition], "allocatable": {"cpu": cpu, "memory": memory}}
    scene.add(thing("Node", "n1", namespace=None, spec=spec, status=status))


def dead(reason: str, code: int, restarts: int = 2) -> dict[str, Any]:
    ended = {"terminated": {"reason": reason, "exitCode": code, "startedAt": ago(8), "finishedAt": ago(7)}}
    return {
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": ended,
        "restartCount": restarts,
        "ready": False,
    }


def test_a_rollout_that_is_complete_has_no_cause(scene: Scene) -> None:
    scene.deployment["status"]["availableReplicas"] = 1
    assert judge(scene.workload) is None


def test_a_change_that_is_not_observed_yet_is_not_complete(scene: Scene) -> None:
    node(scene)
    scene.deployment["status"] |= {"availableReplicas": 1, "observedGeneration": 1}
    assert diagnosed(scene).id == "D00"


def test_a_rollout_that_is_under_way_says_what_it_waits_for(scene: Scene) -> None:
    scene.pod["spec"]["nodeName"] = "n1"
    scene.container(state={"waiting": {"reason": "ContainerCreating"}}, ready=False)
    scene.event(scene.pod, "Pulling", 'Pulling image "ollama/ollama:0.15.6"', 3)
    assert "pulling its image" in diagnosed(scene).cause
    assert diagnosed(scene).patience_s is None


def test_a_deployment_that_is_not_there_is_to_be_applied(scene: Scene) -> None:
    scene.recorded.objects.remove(scene.deployment)
    assert diagnosed(scene).remedy == "Apply the manifests with 03_apply."


def test_a_terminating_namespace_says_what_remains(scene: Scene) -> None:
    scene.namespace["metadata"]["deletionTimestamp"] = ago(3)
    remaining = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "example.com/x in 1 resource"}
    scene.namespace["status"] = {"conditions": [remaining]}
    assert (diagnosed(scene).id, diagnosed(scene).evidence) == ("D07", "example.com/x in 1 resource")


def test_a_paused_deployment_says_who_wrote_it_last(scene: Scene) -> None:
    scene.deployment["spec"]["paused"] = True
    written = {"manager": "kubectl-rollout", "time": ago(30), "fieldsV1": {"f:spec": {}}}
    scene.deployment["metadata"]["managedFields"] = [written]
    assert diagnosed(scene).id == "D16"
    assert "kubectl-rollout" in diagnosed(scene).evidence


def test_a_deployment_scaled_to_zero_is_no_failure_but_never_runs(scene: Scene) -> None:
    scene.deployment["spec"]["replicas"] = 0
    assert "scaled to zero" in diagnosed(scene).cause


def test_with_a_silent_kubelet_nothing_of_the_pod_is_believed(scene: Scene) -> None:
    node(scene, ready="Unknown")
    scene.container(**dead("OOMKilled", 137))
    assert (diagnosed(scene).id, diagnosed(scene).section) == ("D56", "Node")


REFUSALS = {
    "D10": 'pods "a" is forbidden: exceeded quota: q, requested: limits.memory=2Gi, used: limits.memory=0, '
    "limited: limits.memory=1Gi",
    "D11": 'pods "a" is forbidden: failed quota: q: must specify limits.memory for: ollama',
    "D12": 'pods "a" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    "D13": 'Pod "a" is invalid: spec.containers[0].resources.requests: Invalid value: "4Gi": must be less than or '
    "equal to memory limit of 512Mi",
    "D14": 'pods "a" is forbidden: violates PodSecurity "restricted:latest": seccompProfile (pod must set it)',
    "D15": 'pods "a" is forbidden: error looking up service account ai/robot: serviceaccount "robot" not found',
    "D08": 'Internal error occurred: failed calling webhook "guard.example": connection refused',
}


@pytest.mark.parametrize(("cause", "message"), REFUSALS.items())
def test_a_pod_that_is_refused_is_explained_by_its_replica_set(scene: Scene, cause: str, message: str) -> None:
    refused(scene, message)
    found = diagnosed(scene)
    assert found.id == cause
    assert message in found.evidence
    assert "rollout restart" in found.remedy


def test_a_refusal_in_unknown_words_is_quoted(scene: Scene) -> None:
    refused(scene, "the moon is full")
    assert "the moon is full" in diagnosed(scene).evidence


def test_a_refusal_of_the_past_is_no_cause_once_the_pod_is_there(scene: Scene) -> None:
    refused(scene, REFUSALS["D10"])
    scene.add(scene.pod)
    node(scene)
    assert diagnosed(scene).id == "D00"


def test_the_faults_of_the_template_that_is_being_replaced_are_mended_already(scene: Scene) -> None:
    scene.container(state={"waiting": {"reason": "InvalidImageName"}}, ready=False)
    scene.replica_set["spec"]["template"] = {"metadata": {}, "spec": {"containers": [{"name": "old"}]}}
    assert diagnosed(scene).id == "D17"


def test_with_recreate_the_new_pod_waits_for_the_old_one(scene: Scene) -> None:
    scene.pod["metadata"] |= {"deletionTimestamp": ago(-20), "finalizers": ["example.com/hold"]}
    found = diagnosed(scene)
    assert (found.id, found.patience_s) == ("D17", None)
    assert "example.com/hold" in found.evidence


def test_too_little_cpu_is_shown_as_a_sum(scene: Scene) -> None:
    node(scene, cpu="2")
    del scene.pod["spec"]["nodeName"]
    scene.pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1500m", "memory": "1Gi"}}
    requests = {"requests": {"cpu": "800m"}}
    scene.add(thing("Pod", "b", spec={"nodeName": "n1", "containers": [{"resources": requests}]}, status={}))
    unscheduled(scene, "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available")
    found = diagnosed(scene)
    assert (found.id, found.patience_s) == ("D18", 60.0)
    assert "asks for 1.50 cpu, node n1 has 1.20 of 2.00 left" in found.evidence


def test_more_memory_than_any_node_has_never_fits(scene: Scene) -> None:
    node(scene, memory="8Gi")
    del scene.pod["spec"]["nodeName"]
    scene.pod["spec"]["containers"][0]["resources"] = {"requests": {"memory": "9Gi"}}
    unscheduled(scene, "0/1 nodes are available: 1 Insufficient memory.")
    assert diagnosed(scene).patience_s == 0
    assert diagnosed(scene).cause.startswith("No node has enough memory left for the pod. None is that large")


SCHEDULING = {
    "D19": "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
    "D20": "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    "D22": "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.",
}


@pytest.mark.parametrize(("cause", "message"), SCHEDULING.items())
def test_a_node_that_does_not_fit_says_why(scene: Scene, cause: str, message: str) -> None:
    unscheduled(scene, message)
    assert diagnosed(scene).id == cause


def test_the_taint_that_the_message_leaves_out_is_read_from_the_node(scene: Scene) -> None:
    node(scene, taints=[{"key": "gpu", "effect": "NoSchedule"}])
    del scene.pod["spec"]["nodeName"]
    unscheduled(scene, SCHEDULING["D19"])
    assert "(gpu:NoSchedule)" in diagnosed(scene).cause


MIXED = (
    "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated "
    "taint(s), 1 node(s) were unschedulable."
)


@pytest.mark.parametrize(
    ("cause", "words", "spec"),
    [
        ("D19", "(gpu:NoSchedule)", {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}),
        ("D20", "is cordoned", {"unschedulable": True}),
        ("D51", "short of memory", {"taints": [{"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}]}),
        ("D56", "not ready", {"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]}),
    ],
)
def test_of_several_nodes_only_those_that_the_pod_asks_for_are_judged(
    scene: Scene, cause: str, words: str, spec: dict[str, Any]
) -> None:
    scene.pod["spec"]["nodeSelector"] = {"disk": "ssd"}
    scene.add(thing("Node", "asked-for", namespace=None, metadata={"labels": {"disk": "ssd"}}, spec=spec, status={}))
    others = {"unschedulable": True, "taints": [{"key": "other", "effect": "NoSchedule"}]}
    scene.add(thing("Node", "another", namespace=None, spec=others, status={}))
    unscheduled(scene, MIXED)
    found = diagnosed(scene)
    assert (found.id, words in found.cause) == (cause, True), found


def test_where_no_node_has_the_labels_that_is_the_cause_and_no_taint_elsewhere(scene: Scene) -> None:
    scene.pod["spec"]["nodeSelector"] = {"disk": "ssd"}
    scene.add(thing("Node", "another", namespace=None, spec={}, status={}))
    unscheduled(scene, MIXED)
    assert "(disk=ssd)" in diagnosed(scene).cause


def test_a_taint_that_the_pod_tolerates_is_not_its_cause(scene: Scene) -> None:
    taints = [{"key": "gpu", "effect": "NoSchedule"}, {"key": "dedicated", "effect": "NoSchedule"}]
    scene.pod["spec"]["tolerations"] = [{"key": "gpu", "operator": "Exists"}]
    scene.add(thing("Node", "n1", namespace=None, spec={"taints": taints}, status={}))
    unscheduled(scene, SCHEDULING["D19"])
    assert "(dedicated:NoSchedule)" in diagnosed(scene).cause


def test_a_pod_that_nobody_looks_at_points_to_the_scheduler(scene: Scene) -> None:
    assert diagnosed(scene).id == "D23"


def test_a_claim_that_does_not_exist_is_the_root_and_not_the_scheduler(scene: Scene) -> None:
    claimed(scene, None)
    unscheduled(scene, '0/1 nodes are available: persistentvolumeclaim "ollama-models" not found.')
    assert diagnosed(scene).id == "D21"


def test_a_class_that_does_not_exist_is_named_with_those_that_do(scene: Scene) -> None:
    scene.add(thing("StorageClass", "local", namespace=None))
    claimed(scene, {"storageClassName": "longhorn"})
    unscheduled(scene, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
    found = diagnosed(scene)
    assert (found.id, found.patience_s) == ("D24", 0)
    assert "longhorn, which does not exist. The cluster has: local" in found.cause


def test_volumes_made_by_hand_need_no_class(scene: Scene) -> None:
    scene.add(thing("StorageClass", "local", namespace=None))
    scene.add(thing("PersistentVolume", "pv-1", namespace=None, spec={"storageClassName": "by-hand"}))
    claimed(scene, {"storageClassName": "by-hand"})
    scene.event(scene.recorded.objects[-1], "VolumeMismatch", 'Cannot bind to requested volume "pv-1": too small')
    assert diagnosed(scene).id == "D27"


def test_without_a_class_and_without_a_default_the_claim_waits_for_ever(scene: Scene) -> None:
    scene.add(thing("StorageClass", "slow", namespace=None))
    claimed(scene, {})
    assert (diagnosed(scene).id, diagnosed(scene).patience_s) == ("D24", 0)


def test_without_a_class_a_default_one_is_taken(scene: Scene) -> None:
    default = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    scene.add(thing("StorageClass", "local", namespace=None, metadata=default))
    claimed(scene, {})
    assert diagnosed(scene).id == "D23"


def test_why_a_volume_cannot_be_made_ranks_above_that_it_is_waited_for(scene: Scene) -> None:
    claimed(scene, {"storageClassName": "local"})
    claim = scene.recorded.objects[-1]
    scene.event(claim, "ProvisioningFailed", 'failed to provision volume with StorageClass "local": disk is full', 20)
    scene.event(claim, "ExternalProvisioning", "Waiting for the external provisioner 'x.io/p'", 1)
    assert (diagnosed(scene).id, "disk is full" in diagnosed(scene).cause) == ("D25", True)


def test_a_volume_of_an_earlier_claim_is_offered_with_its_data(scene: Scene) -> None:
    claimed(scene, {"storageClassName": "local"})
    scene.add(thing("StorageClass", "local", namespace=None))
    volume = {"spec": {"storageClassName": "local"}, "status": {"phase": "Released"}}
    scene.add(thing("PersistentVolume", "pv-1", namespace=None, **volume))
    unscheduled(scene, "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.")
    assert diagnosed(scene).id == "D26"
    assert "claimRef.uid" in diagnosed(scene).remedy


def test_a_claim_that_waits_for_its_pod_is_healthy(scene: Scene) -> None:
    node(scene)
    claimed(scene, {"storageClassName": "local"})
    scene.container(state={"waiting": {"reason": "ContainerCreating"}}, ready=False)
    assert diagnosed(scene).id == "D00"


MOUNTS = {
    "D28": 'Multi-Attach error for volume "pv-1" Volume is already exclusively attached to one node',
    "D29": 'MountVolume.SetUp failed for volume "conf" : configmap "absent" not found',
    "D30": 'MountVolume.NewMounter initialization failed for volume "pv" : path "/disk" does not exist',
    "D31": "Setting volume ownership for /var/lib/kubelet/pods/1/volumes/x is taking longer than expected",
    "D32": 'failed to setup network for sandbox "1": plugin type="bridge" failed (add): no bridge',
}


@pytest.mark.parametrize(("cause", "message"), MOUNTS.items())
def test_a_volume_or_network_that_is_not_set_up_says_why(scene: Scene, cause: str, message: str) -> None:
    node(scene)
    scene.container(state={"waiting": {"reason": "ContainerCreating"}}, ready=False)
    scene.event(scene.pod, "FailedMount", message, 30)
    scene.event(scene.pod, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[models]", 1)
    assert diagnosed(scene).id == cause
    assert "30 s ago" in diagnosed(scene).evidence


PULLS = {
    "D33": "failed to resolve image: registry.lan/x:9: not found",
    "D34": "pull access denied, repository does not exist or may require authorization",
    "D35": "no match for platform in manifest: not found",
    "D36": "x509: certificate signed by unknown authority",
    "D37": "dial tcp: lookup registry.lan on 10.0.0.1:53: no such host",
    "D38": "429 Too Many Requests",
}


@pytest.mark.parametrize(("cause", "message"), PULLS.items())
def test_an_image_that_is_not_pulled_says_why_while_the_kubelet_pauses(scene: Scene, cause: str, message: str) -> None:
    node(scene)
    scene.container(
        state={"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x"'}}, ready=False
    )
    scene.event(scene.pod, "Failed", "Error: ErrImagePull", 1)
    scene.event(scene.pod, "Failed", f'Failed to pull image "x": rpc error: code = Whatever desc = {message}', 6)
    assert diagnosed(scene).id == cause
    assert "ollama/ollama:0.15.6" in diagnosed(scene).cause or "registry" in diagnosed(scene).cause


def test_a_slow_pull_is_not_a_failed_one(scene: Scene) -> None:
    node(scene)
    scene.container(state={"waiting": {"reason": "ContainerCreating"}}, ready=False)
    scene.event(scene.pod, "Pulling", "Pulling image", 40)
    assert (diagnosed(scene).id, diagnosed(scene).patience_s) == ("D39", None)


STARTS = {
    "D40": ("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
    "D41": ("CreateContainerConfigError", "couldn't find key password in Secret ai/login"),
    "D42": ("RunContainerError", 'exec: "nope": executable file not found in $PATH'),
    "D43": ("PostStartHookError", "Exec lifecycle hook ([secret thing]) failed"),
}


@pytest.mark.parametrize(("cause", "waiting"), STARTS.items())
def test_a_container_that_does_not_start_says_why(scene: Scene, cause: str, waiting: tuple[str, str]) -> None:
    node(scene)
    scene.container(state={"waiting": {"reason": waiting[0], "message": waiting[1]}}, ready=False)
    assert diagnosed(scene).id == cause


def test_what_a_hook_said_is_not_repeated(scene: Scene) -> None:
    node(scene)
    scene.container(state={"waiting": {"reason": "PostStartHookError", "message": "secret thing"}}, ready=False)
    assert "secret thing" not in str(diagnosed(scene))


def test_a_command_that_is_not_there_is_known_after_the_first_try_too(scene: Scene) -> None:
    node(scene)
    status = dead("StartError", 128)
    status["lastState"]["terminated"]["message"] = 'exec: "nope": executable file not found in $PATH'
    scene.container(**status)
    assert diagnosed(scene).id == "D42"


def test_a_container_over_its_memory_names_the_limit(scene: Scene) -> None:
    node(scene)
    scene.pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "2Gi"}}
    scene.container(**dead("OOMKilled", 137))
    found = diagnosed(scene)
    assert (found.id, found.section) == ("D44", "Memory")
    assert "limit of 2Gi" in found.cause


def test_a_crash_quotes_the_last_lines_of_the_log_before_it(scene: Scene) -> None:
    node(scene)
    scene.container(**dead("Error", 1))
    scene.recorded.logs = {("ollama", False): "starting\nmkdir /.ollama: permission denied\n"}
    found = diagnosed(scene)
    assert found.id == "D46"
    assert "starting | mkdir /.ollama: permission denied" in found.evidence


def test_a_crashed_container_that_runs_again_is_quoted_from_the_log_before(scene: Scene) -> None:
    node(scene)
    scene.container(**{**dead("Error", 1), "state": {"running": {"startedAt": ago(1)}}})
    scene.recorded.logs = {("ollama", True): "the moon is full", ("ollama", False): "starting"}
    assert diagnosed(scene).evidence.endswith("its last lines: the moon is full")


def test_a_log_that_is_gone_is_not_quoted(scene: Scene) -> None:
    node(scene)
    scene.container(**dead("Error", 1))
    scene.recorded.logs = {("ollama", False): "unable to retrieve container logs for containerd://1"}
    assert diagnosed(scene).evidence.endswith("its last lines: none")


def test_a_server_that_ends_cleanly_has_the_wrong_command(scene: Scene) -> None:
    node(scene)
    scene.container(**dead("Completed", 0))
    assert diagnosed(scene).id == "D47"


def test_an_image_for_another_cpu_shows_in_the_log(scene: Scene) -> None:
    node(scene)
    scene.container(**dead("Error", 255))
    scene.recorded.logs = {("ollama", False): "exec /bin/ollama: exec format error"}
    assert diagnosed(scene).id == "D45"


def test_a_probe_that_kills_is_told_apart_from_too_little_memory(scene: Scene) -> None:
    node(scene)
    scene.container(**dead("Error", 137))
    scene.event(scene.pod, "Killing", "Container ollama failed liveness probe, will be restarted", 8)
    scene.event(scene.pod, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404", 8)
    assert diagnosed(scene).id == "D48"
    assert "statuscode: 404" in diagnosed(scene).evidence


def test_of_several_pods_the_one_that_is_not_ready_is_judged(scene: Scene) -> None:
    scene.deployment["spec"]["replicas"] = 2
    scene.pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    older = {"creationTimestamp": ago(61)}
    second = thing("Pod", "ollama-1-b", owner=scene.replica_set, metadata=older, spec={"containers": []})
    message = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    scene.add({**second, "status": {"conditions": [{**UNSCHEDULED, "message": message}]}})
    assert diagnosed(scene).id == "D20"


def test_a_server_that_runs_and_is_never_ready_quotes_its_probe(scene: Scene) -> None:
    node(scene)
    scene.container(state={"running": {"startedAt": ago(30)}}, ready=False, restartCount=0)
    scene.event(scene.pod, "Unhealthy", "Readiness probe failed: dial tcp 10.0.0.2:1: connect: connection refused", 4)
    assert (diagnosed(scene).id, diagnosed(scene).patience_s) == ("D49", None)


def test_a_probe_that_failed_before_the_container_started_is_harmless(scene: Scene) -> None:
    node(scene)
    scene.container(state={"running": {"startedAt": ago(5)}}, ready=False, restartCount=0)
    scene.event(scene.pod, "Unhealthy", "Readiness probe failed: connection refused", 40)
    assert diagnosed(scene).id == "D00"


def test_an_evicted_pod_names_what_the_node_ran_short_of(scene: Scene) -> None:
    scene.pod["status"] |= {
        "phase": "Failed",
        "reason": "Evicted",
        "message": "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ",
    }
    assert (diagnosed(scene).id, "short of memory" in diagnosed(scene).cause) == ("D51", True)


def test_a_pod_without_its_runtime_is_the_nodes_affair(scene: Scene) -> None:
    node(scene)
    scene.container(state={"waiting": {"reason": "ContainerCreating"}}, ready=False)
    scene.event(scene.pod, "FailedCreatePodSandBox", 'no runtime for "gvisor" is configured')
    assert (diagnosed(scene).id, "handler gvisor" in diagnosed(scene).cause) == ("D32", True)


def test_a_pod_that_wrote_too_much_beside_its_claim_is_told_from_a_node_that_ran_short(scene: Scene) -> None:
    message = "Pod ephemeral local storage usage exceeds the total limit of containers 100Mi."
    scene.pod["status"] |= {"phase": "Failed", "reason": "Evicted", "message": message}
    assert (diagnosed(scene).id, "100Mi" in diagnosed(scene).evidence) == ("D50", True)


def test_a_pod_that_was_taken_away_says_by_whom_until_its_successor_is_ready(scene: Scene) -> None:
    node(scene)
    scene.container(state={"running": {"startedAt": ago(2)}}, ready=False)
    taken = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    leaving = thing("Pod", "ollama-1-old", owner=scene.replica_set, metadata={"deletionTimestamp": ago(3)}, spec={})
    scene.add({**leaving, "status": {"phase": "Running", "conditions": [taken]}})
    found = diagnosed(scene)
    assert (found.id, found.patience_s) == ("D52", None)
    assert "higher priority" in found.cause
    scene.container(state={"waiting": {"reason": "InvalidImageName"}}, ready=False)
    assert diagnosed(scene).id == "D39"


def test_a_deadline_is_named_only_when_nothing_else_is_wrong(scene: Scene) -> None:
    scene.deployment["status"]["conditions"] = [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "has timed out"}
    ]
    node(scene)
    assert diagnosed(scene).id == "D57"
    scene.container(**dead("OOMKilled", 137))
    assert diagnosed(scene).id == "D44"


def test_a_diagnosis_as_text_says_what_why_and_next(scene: Scene) -> None:
    scene.deployment["spec"]["replicas"] = 0
    assert str(diagnosed(scene)).splitlines()[1].startswith("Why: spec.replicas is 0")
    assert str(diagnosed(scene)).endswith("See 91_troubleshoot, section Rollout.")
