"""What every test on a real cluster starts from: the local target, a connection, and a namespace of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from secrets import token_hex

import pytest

from runbook.errors import ClusterError, RunbookError
from runbook.kubernetes import Cluster, apply, connect, load_manifests, wait_for_rollout
from runbook.parameters import Parameters
from runbook.targets import load_target

MADE_BY_TESTS = {"ollama-runbook/made-by": "the-tests"}

EMPTY: Mapping[str, str] = {}
NewNamespace = Callable[..., str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder needs the local cluster."""
    for item in items:
        if "tests/cluster/" in item.path.as_posix():
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    if os.environ.get("RUNBOOK_NO_CLUSTER"):
        pytest.skip("RUNBOOK_NO_CLUSTER is set")
    return load_target("local")


@pytest.fixture(scope="session")
def cluster(parameters: Parameters) -> Iterator[Cluster]:
    try:
        connected = connect(parameters)
    except RunbookError as error:
        pytest.fail(f"The tests need the local cluster: `runbook local up`.\n{error}", pytrace=False)
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def new_namespace(cluster: Cluster) -> Iterator[NewNamespace]:
    """Makes a labelled namespace with a random name; all go at the end, without waiting for it."""
    made: list[str] = []

    def make(labels: Mapping[str, str] = EMPTY) -> str:
        name = f"test-{token_hex(4)}"
        metadata = {"name": name, "labels": {**MADE_BY_TESTS, **labels}}
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        made.append(name)
        return name

    yield make
    for name in made:
        with suppress(ClusterError):
            cluster.delete("Namespace", name)


@pytest.fixture
def namespace(cluster: Cluster, new_namespace: NewNamespace) -> Iterator[str]:
    """A namespace for one test."""
    name = new_namespace()
    yield name
    with suppress(ClusterError):
        cluster.delete("Namespace", name)


@pytest.fixture(scope="session")
def modest(parameters: Parameters) -> Parameters:
    """The local target asking for little, since several Ollamas stand side by side on one small node."""
    return parameters.model_copy(update={"cpu_request": "50m", "memory_request": "64Mi"})


@pytest.fixture(scope="session")
def deployed(cluster: Cluster, modest: Parameters, new_namespace: NewNamespace) -> Parameters:
    """The local target's Ollama, applied and ready in a namespace of the tests, which its parameters name."""
    there = modest.model_copy(update={"namespace": new_namespace()})
    apply(cluster, load_manifests(there))
    wait_for_rollout(cluster, there.namespace, "ollama", 120.0)
    return there
