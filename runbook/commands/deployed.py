"""The Ollama that a target's cluster runs: found, forwarded to, and closed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbook.kubernetes import Cluster
    from runbook.ollama import Ollama
    from runbook.parameters import Parameters

SERVICE, PORT = "ollama", 11434


@dataclass(frozen=True)
class Deployed:
    """A server in a cluster, as long as the address to it is open.

    Attributes:
        cluster: The cluster.
        server: The server.
        pod: Name of its pod.
        environment: Environment of its container.
    """

    cluster: Cluster
    server: Ollama
    pod: str
    environment: Mapping[str, str]


@contextmanager
def deployed(parameters: Parameters) -> Iterator[Deployed]:
    """The server that runs in the target's cluster.

    Raises:
        ContextError: The kubeconfig does not lead to the cluster that the target names.
        ClusterError: Nobody answers, or no pod is ready.
    """
    from runbook import kubernetes, ollama

    cluster = kubernetes.connect(parameters)
    pod = kubernetes.ready_pod(cluster, parameters.namespace, SERVICE, PORT).pod
    environment = kubernetes.pod_environment(cluster, parameters.namespace, pod)
    forward = kubernetes.port_forward(cluster, parameters.namespace, SERVICE, PORT)
    with forward as address, ollama.Ollama(address) as server:
        yield Deployed(cluster, server, pod, environment)
