"""Deployments with one fault each, made from Ollama's own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from runbook.kubernetes import Cluster, load_manifests
from runbook.parameters import Parameters

Json = dict[str, Any]
Deploy = Callable[..., None]


@pytest.fixture(scope="session")
def deploy(cluster: Cluster, parameters: Parameters) -> Deploy:
    """See `deployer`."""
    return deployer(cluster, parameters)


def deployer(cluster: Cluster, parameters: Parameters) -> Deploy:
    """Deploys Ollama under a name of its own, on no volume, spoilt by a function of the Deployment."""
    model = next(one.body for one in load_manifests(parameters) if one.kind == "Deployment")

    def make(namespace: str, name: str, spoil: Callable[[Json, Json, Json], object] = lambda *_: None) -> None:
        body = copy.deepcopy(model)
        body["metadata"] |= {"name": name, "namespace": namespace}
        body["spec"]["selector"]["matchLabels"]["app"] = name
        body["spec"]["template"]["metadata"]["labels"]["app"] = name
        pod = body["spec"]["template"]["spec"]
        pod["volumes"][0] = {"name": "models", "emptyDir": {}}
        pod["terminationGracePeriodSeconds"] = 1
        container = pod["containers"][0]
        # Many stand side by side on one small node.
        container["resources"]["requests"] = {"cpu": "10m", "memory": "16Mi"}
        spoil(body["spec"], pod, container)
        cluster.apply(body)

    return make
