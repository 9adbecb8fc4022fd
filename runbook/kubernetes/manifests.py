"""The manifests of `manifests/ai/`, with the values of a target put in.

The files are plain YAML that `kubectl apply -f` takes as they are, with the values of the reference cluster.
A target changes the namespace and the consumer's, image, volume, CPU and memory, environment, node selector
and the mirror's port; the quota follows the limits. Everything else is as written.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from runbook.errors import ParameterError
from runbook.hardware import parse_quantity
from runbook.kubernetes.api import Json
from runbook.kubernetes.kinds import KINDS, RANK
from runbook.parameters import Parameters
from runbook.targets import PROJECT

FOLDER = PROJECT / "manifests" / "ai"

DEPLOYMENT = "ollama"
SERVICE = "ollama"
CLAIM = "ollama-models"
CONTAINER = "ollama"
PORT = 11434

# What one small pod beside Ollama may ask for, so that the quota has room for it; see `run_once`.
PROBE_RESOURCES = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"cpu": "500m", "memory": "256Mi"},
}


@dataclass(frozen=True)
class Manifest:
    """One object as it is to be.

    Attributes:
        kind: Its kind.
        name: Its name.
        namespace: Its namespace, None where the kind has none.
        body: The object as it is sent.
        source: The file it came from, relative to the project.
    """

    kind: str
    name: str
    namespace: str | None
    body: Json
    source: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the object in canonical JSON: the same whatever the file's layout and comments."""
        canonical = json.dumps(self.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def load_manifests(parameters: Parameters, folder: Path | None = None) -> tuple[Manifest, ...]:
    """The objects of a target, in the order they are applied.

    Raises:
        ParameterError: A file is not YAML, or holds a kind that is not applied here.
    """
    folder = folder or FOLDER
    found = [_manifest(body, file, parameters) for file in sorted(folder.glob("*.yaml")) for body in _objects(file)]
    if not found:
        raise ParameterError(f"There are no manifests in {folder}.", next="Restore them with `git checkout manifests`.")
    return tuple(sorted(found, key=lambda manifest: RANK[manifest.kind]))


def _objects(file: Path) -> Iterator[Json]:
    try:
        yield from (body for body in YAML(typ="safe", pure=True).load_all(file) if body)
    except YAMLError as error:
        raise ParameterError(f"The manifest {file} is not YAML.", why=str(error)) from error


def _manifest(body: Json, file: Path, parameters: Parameters) -> Manifest:
    kind = body.get("kind", "")
    if kind not in RANK or "name" not in body.get("metadata", {}):
        raise ParameterError(
            f"The manifest {file} holds an object that is not applied here: {kind or 'without a kind'}.",
            why="each needs a name, and the kinds are: " + ", ".join(RANK),
        )
    body = copy.deepcopy(body)
    namespace = parameters.namespace if KINDS[kind].namespaced else None
    if namespace:
        body["metadata"]["namespace"] = namespace
    PUT_IN.get(kind, _as_written)(body, parameters)
    source = file.relative_to(PROJECT).as_posix() if file.is_relative_to(PROJECT) else file.name
    return Manifest(kind, body["metadata"]["name"], namespace, body, source)


def _as_written(body: Json, parameters: Parameters) -> None:
    """Nothing of the target goes into the object."""


def _namespace(body: Json, parameters: Parameters) -> None:
    body["metadata"]["name"] = parameters.namespace


def _claim(body: Json, parameters: Parameters) -> None:
    spec = body["spec"]
    if parameters.storage_class is None:
        spec.pop("storageClassName", None)
    else:
        spec["storageClassName"] = parameters.storage_class
    spec["resources"]["requests"]["storage"] = parameters.storage_size


def _deployment(body: Json, parameters: Parameters) -> None:
    pod = body["spec"]["template"]["spec"]
    container = next(one for one in pod["containers"] if one["name"] == CONTAINER)
    container["image"] = parameters.image
    container["resources"] = {
        "requests": {"cpu": parameters.cpu_request, "memory": parameters.memory_request},
        "limits": {"cpu": parameters.cpu_limit, "memory": parameters.memory_limit},
    }
    environment = {one["name"]: one for one in container.get("env", [])}
    environment |= {name: {"name": name, "value": value} for name, value in parameters.environment.items()}
    container["env"] = list(environment.values())
    if parameters.node_selector:
        pod["nodeSelector"] = dict(parameters.node_selector)


def _quota(body: Json, parameters: Parameters) -> None:
    requests, limits = PROBE_RESOURCES["requests"], PROBE_RESOURCES["limits"]
    body["spec"]["hard"] |= {
        "requests.cpu": _cpu(parameters.cpu_request, requests["cpu"]),
        "requests.memory": _memory(parameters.memory_request, requests["memory"]),
        "limits.cpu": _cpu(parameters.cpu_limit, limits["cpu"]),
        "limits.memory": _memory(parameters.memory_limit, limits["memory"]),
        "requests.storage": parameters.storage_size,
    }


def _policy(body: Json, parameters: Parameters) -> None:
    for peer in (peer for rule in body["spec"]["ingress"] for peer in rule["from"]):
        labels = peer.get("namespaceSelector", {}).get("matchLabels", {})
        if "kubernetes.io/metadata.name" in labels:
            labels["kubernetes.io/metadata.name"] = parameters.consumer_namespace
    if parameters.registry:
        ports = _registry_ports(parameters.registry, insecure=parameters.registry_insecure)
        body["spec"]["egress"].append({"ports": [{"protocol": "TCP", "port": port} for port in ports]})


PUT_IN: dict[str, Callable[[Json, Parameters], None]] = {
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Deployment": _deployment,
    "ResourceQuota": _quota,
    "NetworkPolicy": _policy,
}


def _registry_ports(registry: str, *, insecure: bool) -> list[int]:
    """Ports of a mirror: its own, and that of plain HTTP where its blobs may be served over it."""
    ports = {80 if insecure else 443}
    own = registry.partition("/")[0].rpartition(":")[2]
    return sorted(ports | ({int(own)} if own.isdigit() else set()))


def _cpu(*parts: str) -> str:
    """The sum of CPU quantities, in thousandths of a core."""
    return f"{int(sum(parse_quantity(part) for part in parts) * 1000)}m"


def _memory(*parts: str) -> str:
    """The sum of memory quantities, in MiB where it is whole, else in bytes."""
    total = int(sum(parse_quantity(part) for part in parts))
    return f"{total >> 20}Mi" if total % (1 << 20) == 0 else str(total)
