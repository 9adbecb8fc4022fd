"""The lint of an environment that lives in a cluster, as a person calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from runbook.kubernetes import Cluster
from runbook.parameters import Parameters

SECRET = "sk-proj-Zq8" + "h5vT2mXw9"
Lint = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def space(cluster: Cluster, new_namespace: Callable[[], str]) -> str:
    """A namespace with Karakeep's objects; no pod of it is wanted."""
    name = new_namespace()
    for body in objects():
        body["metadata"]["namespace"] = name
        cluster.create(body)
    return name


def objects() -> list[dict[str, Any]]:
    labels = {"app": "karakeep"}
    container = {
        "name": "web",
        "image": "ghcr.io/karakeep-app/karakeep:0.30.0",
        "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
        "env": [{"name": "INFERENCE_NUM_WORKERS", "value": "1"}],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    values = {"OLLAMA_BASE_URL": "http://localhost:11434", "INFERENCE_NUM_WORKERS": "4", "INFERENCE_LANG": SECRET}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": values},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"OPENAI_API_KEY": SECRET}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "karakeep"},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
        },
    ]


@pytest.fixture
def lint(parameters: Parameters, space: str) -> Lint:
    def called(what: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "runbook", "karakeep", "lint", what, "--target", parameters.target]
        command += ["-p", f"consumer_namespace={space}", "--json"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return called


def test_a_deployment_is_judged_with_its_maps_and_its_secret_is_not_read(lint: Lint) -> None:
    done = lint("deployment/karakeep")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["lint"]
    places = {one["rule"]: one["place"] for one in found["findings"]}
    assert places["K03"] == "configmap/settings"
    assert not {"K01", "K16"} & set(places)
    assert (found["karakeep"], found["unread"]) == ("0.30.0", ["Secret keys"])
    assert SECRET not in done.stdout + done.stderr


def test_a_configmap_is_judged_by_itself(lint: Lint) -> None:
    found = json.loads(lint("configmap/settings").stdout)["lint"]
    assert {"K03", "K16"} <= {one["rule"] for one in found["findings"]}


def test_an_object_that_is_not_there_is_named(lint: Lint, space: str) -> None:
    done = lint("configmap/nothing")
    assert done.returncode == 1
    assert f"no ConfigMap nothing in the namespace {space}" in done.stderr
