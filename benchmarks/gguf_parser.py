"""The peer: gguf-parser-go 0.28.1, built once into the cache by the Go that the local cluster is built with."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from runbook.local.cache import cache
from runbook.local.go import find_go

SOURCE = Path(__file__).parent / "peers" / "gguf_parser"
VERSION = "0.28.1"


@dataclass(frozen=True)
class PeerSetting:
    """How a model would be run.

    Attributes:
        context: Tokens of one slot.
        parallel: Slots.
        kv_type: Type of the cache.
        flash_attention: Whether flash attention is on.
    """

    context: int
    parallel: int
    kv_type: str
    flash_attention: bool


@dataclass(frozen=True)
class PeerEstimate:
    """What it says, in bytes.

    Attributes:
        weights_bytes: The weights.
        kv_bytes: The cache.
        graph_bytes: The computation.
        footprint_bytes: The process beside them.
        projector_bytes: The projector and all it needs.
        seconds: How long reading the file took it.
    """

    weights_bytes: int
    kv_bytes: int
    graph_bytes: int
    footprint_bytes: int
    projector_bytes: int
    seconds: float

    @property
    def total_bytes(self) -> int:
        """All but the process."""
        return self.weights_bytes + self.kv_bytes + self.graph_bytes + self.projector_bytes


def build_peer() -> Path:
    """The program, built unless this very source was built before."""
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")))
    here, key = cache(), digest.hexdigest()[:16]
    program = here.part("gguf-parser", key) / "gguf-parser"
    if program.exists():
        return program
    go = find_go()
    environment = go.environment(dict(os.environ), here) | {"CGO_ENABLED": "0"}

    def fill(folder: Path) -> None:
        command = [str(go.path), "build", "-o", str(folder / "gguf-parser"), "."]
        subprocess.run(command, cwd=SOURCE, env=environment, check=True)

    return here.publish("gguf-parser", key, {"version": VERSION}, fill) / "gguf-parser"


def ask_peer(program: Path, files: Sequence[Path], settings: Sequence[PeerSetting]) -> list[PeerEstimate] | str:
    """Its estimates of a model at several settings, or what it said when it failed.

    Args:
        program: The built peer.
        files: The model, and its projector where it has one.
        settings: How it would be run.
    """
    lines = "".join(json.dumps(asdict(one)) + "\n" for one in settings)
    ran = subprocess.run([str(program), *map(str, files)], input=lines, capture_output=True, text=True, check=False)
    if ran.returncode:
        return (ran.stderr.strip().splitlines() or ["it failed without a word"])[0][:120]
    return [PeerEstimate(**json.loads(line)) for line in ran.stdout.splitlines()]
