"""Causes of a node, on nodes that nobody runs."""

from __future__ import annotations

import pytest

from runbook.kubernetes import Cluster, Diagnosis

from ..conftest import NewNamespace
from .conftest import Deploy
from .nodes import NODES, diagnose_all, is_told


@pytest.fixture(scope="module")
def told(cluster: Cluster, new_namespace: NewNamespace, deploy: Deploy) -> dict[str, Diagnosis | None]:
    return diagnose_all(cluster, new_namespace(), deploy)


@pytest.mark.parametrize("name", NODES)
def test_a_fault_of_the_node_is_recognised(told: dict[str, Diagnosis | None], name: str) -> None:
    assert is_told(told[name], NODES[name]), told[name]
