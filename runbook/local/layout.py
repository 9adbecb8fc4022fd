"""Where the local cluster keeps what: its state folder in the checkout, and the names derived from it.

```
.local/
  kubeconfig      the administrator's; never merged into the user's
  bin/            the cluster's programs, kubectl among them
  cluster.json    name, link and parts of the cluster
  process.json    the supervisor that runs now, or ran last
  status.json     what the supervisor says of its programs
  pki/ config/ log/
  etcd/ containerd/ kubelet/ volumes/ registry/    the cluster's data: it survives `down`, a reboot and a kill
```
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from runbook.local.network import Link

CONTEXT = "ollama-runbook-local"
NODE = "runbook"
DATA = ("etcd", "containerd", "kubelet", "volumes", "registry", "pki", "config", "log", "bin")


@dataclass(frozen=True)
class Layout:
    """The state folder of one local cluster."""

    state: Path

    @property
    def name(self) -> str:
        """Name of the cluster's cgroup: one checkout has one cluster, and another checkout another name."""
        return f"ollama-runbook-{self._digest[:6]}"

    @property
    def interface(self) -> str:
        """Name of the host's end of the link, at most 15 characters."""
        return f"runbook-{self._digest[:6]}"

    @property
    def preferred_network(self) -> int:
        """Which /30 network the cluster would like."""
        return int(self._digest[:8], 16)

    @property
    def _digest(self) -> str:
        return hashlib.sha256(str(self.state.resolve()).encode()).hexdigest()

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for this machine."""
        return self.state / "kubeconfig"

    def path(self, *parts: str) -> Path:
        """A place in the state folder."""
        return self.state.joinpath(*parts)

    def log(self, program: str) -> Path:
        """What a program prints."""
        return self.path("log", f"{program}.log")

    def program(self, name: str) -> Path:
        """A program of the cluster."""
        return self.path("bin", name)

    def read(self, file: str) -> dict[str, Any]:
        """A JSON file of the state folder; empty when it is missing or half-written."""
        try:
            content = json.loads(self.path(file).read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, file: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the state folder in one step."""
        target = self.path(file)
        scratch = target.with_suffix(".new")
        scratch.write_text(json.dumps(content, indent=1) + "\n")
        scratch.replace(target)


@dataclass(frozen=True)
class Cluster:
    """What the supervisor must know of the cluster: written to `cluster.json` before it starts."""

    link: Link
    snapshotter: str = "overlayfs"

    def to_json(self) -> dict[str, Any]:
        """The content of `cluster.json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The cluster that `cluster.json` describes."""
        return cls(Link(**content["link"]), content.get("snapshotter", "overlayfs"))
