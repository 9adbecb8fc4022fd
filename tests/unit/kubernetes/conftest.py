"""What the tests of this room share: a scene to spoil, a stub of an API server, a kubeconfig that leads to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.kubeconfig import load
from runbook.parameters import Parameters

from .recorded import TEMPLATE, Json, Recorded, Scene, thing
from .stub import Stub, serving


@pytest.fixture
def scene() -> Scene:
    space = thing("Namespace", "ai", namespace=None)
    deployment = thing(
        "Deployment",
        "ollama",
        metadata={"generation": 2},
        spec={"replicas": 1, "strategy": {"type": "Recreate"}, "template": TEMPLATE},
        status={"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1},
    )
    replica_set = thing(
        "ReplicaSet",
        "ollama-1",
        owner=deployment,
        metadata={"annotations": {"deployment.kubernetes.io/revision": "1"}},
        spec={"template": {**TEMPLATE, "metadata": {"labels": {"app": "ollama", "pod-template-hash": "1"}}}},
    )
    pod = thing("Pod", "ollama-1-a", owner=replica_set, spec={"containers": [{"name": "ollama"}]}, status={})
    return Scene(space, deployment, replica_set, pod, Recorded([space, deployment, replica_set, pod]))


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as told:
        yield told


WriteKubeconfig = Callable[..., Path]


@pytest.fixture
def kubeconfig(tmp_path: Path) -> WriteKubeconfig:
    """Writes a kubeconfig with one context for each name, all leading to one server."""

    def write(
        server: str,
        *contexts: str,
        user: Json | None = None,
        file: str = "kubeconfig",
        current: str = "",
        **cluster: Any,
    ) -> Path:
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": current,
            "clusters": [{"name": "home", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "me", "user": user or {"token": "letmein"}}],
            "contexts": [{"name": one, "context": {"cluster": "home", "user": "me"}} for one in contexts or ("home",)],
        }
        path = tmp_path / file
        YAML().dump(content, path)
        return path

    return write


@pytest.fixture
def parameters(tmp_path: Path) -> Parameters:
    """A target whose kubeconfig is the one that `kubeconfig` writes."""
    return Parameters(target="homelab", context="home", kubeconfig=str(tmp_path / "kubeconfig"))


@pytest.fixture
def cluster(stub: Stub, kubeconfig: WriteKubeconfig) -> Iterator[Cluster]:
    """A cluster whose API server is the stub."""
    one = Cluster("home", stub.url, "", "v1", load((kubeconfig(stub.url),), "home"))
    yield one
    one.close()
