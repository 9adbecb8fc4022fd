"""A real Ollama with the real small model: the deployed one through a port-forward.

`RUNBOOK_TEST_OLLAMA` names another server that already holds the model, for work on the client without a cluster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from runbook.kubernetes import port_forward
from runbook.ollama import Ollama, pull_model
from runbook.parameters import Parameters
from runbook.targets import load_target


@pytest.fixture(scope="session")
def local() -> Parameters:
    """The local target, whose model and mirror the tests use."""
    return load_target("local")


@pytest.fixture(scope="session")
def ollama(request: pytest.FixtureRequest, local: Parameters) -> Iterator[Ollama]:
    with ExitStack() as stack:
        address = os.environ.get("RUNBOOK_TEST_OLLAMA")
        if not address:
            namespace = request.getfixturevalue("deployed").namespace
            cluster = request.getfixturevalue("cluster")
            address = stack.enter_context(port_forward(cluster, namespace, "ollama", 11434))
        client = stack.enter_context(Ollama(address))
        pull_model(client, local.text_model, registry=local.registry, insecure=local.registry_insecure)
        yield client


@pytest.fixture
def mirror(local: Parameters) -> str:
    """The local target's registry; only the deployed server can reach it."""
    if os.environ.get("RUNBOOK_TEST_OLLAMA") or not local.registry:
        pytest.skip("the server named by RUNBOOK_TEST_OLLAMA cannot reach the mirror")
    return local.registry
