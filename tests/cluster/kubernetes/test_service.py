"""A Service that leads nowhere, though its pod is ready."""

from __future__ import annotations

from typing import Any

import pytest

from runbook.kubernetes import Cluster, diagnose_service
from runbook.parameters import Parameters

from .surroundings import eventually

WRONG = {
    "selector": ({"selector": {"app": "nobody"}}, "selects app=nobody, and no pod has that"),
    "port": ({"selector": {"app.kubernetes.io/name": "ollama"}, "port": "web"}, "leads to the port web"),
}


def serve(cluster: Cluster, namespace: str, name: str, selector: dict[str, str], port: str = "http") -> None:
    spec: dict[str, Any] = {"selector": selector, "ports": [{"name": "http", "port": 11434, "targetPort": port}]}
    metadata = {"name": name, "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


@pytest.mark.parametrize("fault", WRONG)
def test_a_service_with_the_wrong_part_is_told_which_part(cluster: Cluster, deployed: Parameters, fault: str) -> None:
    values, words = WRONG[fault]
    name = f"wrong-{fault}"
    serve(cluster, deployed.namespace, name, **values)
    found = eventually(lambda: diagnose_service(cluster, deployed.namespace, name))
    cluster.delete("Service", name, deployed.namespace)
    assert (found.id, words in found.cause) == ("D55", True), found


def test_the_service_of_the_manifests_leads_to_the_pod(cluster: Cluster, deployed: Parameters) -> None:
    assert diagnose_service(cluster, deployed.namespace, "ollama") is None


def test_a_service_that_is_not_there_is_to_be_applied(cluster: Cluster, namespace: str) -> None:
    found = diagnose_service(cluster, namespace, "ollama")
    assert found is not None
    assert "03_apply" in found.remedy
