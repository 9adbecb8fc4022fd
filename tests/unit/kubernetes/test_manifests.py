from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runbook.errors import ParameterError
from runbook.kubernetes.manifests import FOLDER, Manifest, load_manifests
from runbook.parameters import Parameters
from runbook.targets import load_target

Json = dict[str, Any]


@pytest.fixture
def homelab() -> Parameters:
    return load_target("homelab")


def find(manifests: tuple[Manifest, ...], kind: str) -> Json:
    return next(one.body for one in manifests if one.kind == kind)


def container(manifests: tuple[Manifest, ...]) -> Json:
    only: Json = find(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    return only


def changed(parameters: Parameters, **values: Any) -> tuple[Manifest, ...]:
    return load_manifests(parameters.model_copy(update=values))


def test_the_files_are_exactly_what_the_reference_target_applies(homelab: Parameters) -> None:
    written = [body for file in FOLDER.glob("*.yaml") for body in YAML(typ="safe").load_all(file)]
    applied = [manifest.body for manifest in load_manifests(homelab)]
    assert sorted(applied, key=str) == sorted(written, key=str)


def test_what_restricts_a_pod_is_applied_before_the_pod(homelab: Parameters) -> None:
    kinds = [manifest.kind for manifest in load_manifests(homelab)]
    assert kinds == ["Namespace", "ResourceQuota", "NetworkPolicy", "PersistentVolumeClaim", "Service", "Deployment"]


def test_every_object_says_who_manages_it(homelab: Parameters) -> None:
    labels = [manifest.body["metadata"]["labels"] for manifest in load_manifests(homelab)]
    assert all(one["app.kubernetes.io/managed-by"] == "ollama-runbook" for one in labels)


def test_the_namespace_of_the_target_is_everywhere(homelab: Parameters) -> None:
    manifests = changed(homelab, namespace="lab")
    assert find(manifests, "Namespace")["metadata"]["name"] == "lab"
    assert {one.namespace for one in manifests} == {None, "lab"}
    assert all(one.body["metadata"].get("namespace") == one.namespace for one in manifests)


def test_the_policy_lets_in_the_consumer_of_the_target(homelab: Parameters) -> None:
    peers = find(changed(homelab, consumer_namespace="tags"), "NetworkPolicy")["spec"]["ingress"][0]["from"]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tags"}}} in peers


def test_a_mirror_gets_its_port_through_the_policy(homelab: Parameters) -> None:
    manifests = changed(homelab, registry="mirror.lan:5000/library", registry_insecure=True)
    egress = find(manifests, "NetworkPolicy")["spec"]["egress"]
    assert [port["port"] for port in egress[-1]["ports"]] == [80, 5000]


def test_without_a_storage_class_the_cluster_chooses(homelab: Parameters) -> None:
    assert "storageClassName" not in find(changed(homelab, storage_class=None), "PersistentVolumeClaim")["spec"]


def test_the_quota_follows_the_limits_and_leaves_room_for_one_probe(homelab: Parameters) -> None:
    values = {"cpu_limit": "2", "memory_limit": "3500Mi", "memory_request": "1G", "storage_size": "4Gi"}
    hard = find(changed(homelab, **values), "ResourceQuota")["spec"]["hard"]
    assert (hard["limits.cpu"], hard["limits.memory"]) == ("2500m", "3756Mi")
    assert hard["requests.memory"] == str(10**9 + 64 * 2**20)
    assert hard["requests.storage"] == "4Gi"
    assert hard["pods"] == "2"


def test_the_environment_of_the_target_goes_over_that_of_the_manifest(homelab: Parameters) -> None:
    env = container(changed(homelab, environment={"OLLAMA_KEEP_ALIVE": "-1", "OLLAMA_DEBUG": "1"}))["env"]
    values = {one["name"]: one["value"] for one in env}
    assert (values["OLLAMA_KEEP_ALIVE"], values["OLLAMA_DEBUG"]) == ("-1", "1")
    assert values["OLLAMA_KV_CACHE_TYPE"] == "q8_0"
    assert len(values) == len(env)


def test_the_image_and_the_node_selector_are_those_of_the_target(homelab: Parameters) -> None:
    manifests = changed(homelab, image="mirror.lan/ollama:1", node_selector={"disk": "fast"})
    assert container(manifests)["image"] == "mirror.lan/ollama:1"
    assert find(manifests, "Deployment")["spec"]["template"]["spec"]["nodeSelector"] == {"disk": "fast"}


def test_loading_leaves_no_trace_in_what_is_loaded_next(homelab: Parameters) -> None:
    before = load_manifests(homelab)
    changed(homelab, namespace="other", environment={"A": "b"})
    assert load_manifests(homelab) == before


def test_a_digest_changes_with_a_value_and_only_then(homelab: Parameters) -> None:
    first, second = load_manifests(homelab), load_manifests(homelab)
    assert [one.digest for one in first] == [one.digest for one in second]
    assert first[-1].digest != changed(homelab, image="x:1")[-1].digest


def test_the_pod_meets_the_restricted_level(homelab: Parameters) -> None:
    pod = find(load_manifests(homelab), "Deployment")["spec"]["template"]["spec"]
    one = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 1000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert one["securityContext"]["allowPrivilegeEscalation"] is False
    assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False


def test_all_that_is_written_lies_on_a_mount(homelab: Parameters) -> None:
    one = container(load_manifests(homelab))
    env = {variable["name"]: variable["value"] for variable in one["env"]}
    mounts = tuple(mount["mountPath"] for mount in one["volumeMounts"])
    assert one["securityContext"]["readOnlyRootFilesystem"] is True
    assert env["HOME"].startswith(mounts)
    assert env["OLLAMA_MODELS"].startswith(mounts)
    assert "/tmp" in mounts  # noqa: S108


def test_no_probe_has_the_default_timeout_and_nothing_hooks_into_the_start(homelab: Parameters) -> None:
    one = container(load_manifests(homelab))
    probes = [one[name] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert all(probe["timeoutSeconds"] >= 3 for probe in probes)
    assert probes[0]["periodSeconds"] * probes[0]["failureThreshold"] == 300
    assert "lifecycle" not in one


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path, homelab: Parameters) -> None:
    (tmp_path / "broken.yaml").write_text("kind: [")
    with pytest.raises(ParameterError, match=r"broken\.yaml"):
        load_manifests(homelab, tmp_path)


def test_a_kind_that_is_not_applied_here_is_refused(tmp_path: Path, homelab: Parameters) -> None:
    (tmp_path / "role.yaml").write_text("kind: ClusterRoleBinding\nmetadata: {name: all}\n")
    with pytest.raises(ParameterError, match="ClusterRoleBinding"):
        load_manifests(homelab, tmp_path)


def test_an_empty_folder_is_not_a_plan_to_apply_nothing(tmp_path: Path, homelab: Parameters) -> None:
    with pytest.raises(ParameterError, match="no manifests"):
        load_manifests(homelab, tmp_path)
