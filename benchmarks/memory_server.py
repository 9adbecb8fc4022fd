"""What the real server allocates for a model, by its debug log, and what its processes really hold."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ollama_child import Child

from runbook.errors import OllamaError
from runbook.models import GgufHeader
from runbook.ollama import Ollama
from runbook.ollama.stream import StreamFault

MIB = 1 << 20
# What Karakeep asks for.
SCHEMA = {
    "type": "object",
    "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["tags"],
    "additionalProperties": False,
}
# A batch and more, so that the whole graph is used: a twin's vocabulary takes each letter for a token.
LETTERS, FEW_WORDS, WORDS = "n" * 560, *(" ".join(f"w{number}" for number in range(count)) for count in (200, 2100))
# Random weights repeat one token, and the server ends an answer that does.
OPTIONS = {"num_predict": 4, "temperature": 1e9, "top_k": 40, "seed": 1}


@dataclass(frozen=True)
class Allocated:
    """What a server allocated, in bytes.

    Attributes:
        engine: Which engine ran it.
        weights_bytes: The weights.
        kv_bytes: The cache, and the state of layers without one.
        graph_bytes: The compute graph.
        projector_bytes: The projector with its graph, where it is a file of its own.
        reported_bytes: What `/api/ps` says.
        context_length: The context it was loaded with.
        resident_bytes: What all processes hold after a prompt; None where it was not asked for.
        structured_bytes: What they hold after a request for a schema as well.
    """

    engine: str
    weights_bytes: int
    kv_bytes: int
    graph_bytes: int
    projector_bytes: int
    reported_bytes: int
    context_length: int
    resident_bytes: int | None = None
    structured_bytes: int | None = None

    @property
    def total_bytes(self) -> int:
        """All but the processes."""
        return self.weights_bytes + self.kv_bytes + self.graph_bytes + self.projector_bytes


def load(child: Child, log: Path, name: str, header: GgufHeader, context: int, *, prompt: str) -> Allocated | str:
    """Load a model and read what the server allocated; or what it said when it could not.

    Args:
        child: The server, in debug mode.
        log: Its log.
        name: The model.
        header: Its header.
        context: `num_ctx` of the request, in tokens.
        prompt: What it is asked, so that all it allocated is used and can be measured; nothing where it is empty.
    """
    before = log.stat().st_size
    embeds = header.own("pooling_type") is not None
    held = structured = None
    try:
        _ask(child.server, name, context, embeds=embeds, prompt="a" if embeds else "")
        [loaded] = [one for one in child.server.ps() if one.name.startswith(f"{name}:")]
        if prompt:
            _ask(child.server, name, context, embeds=embeds, prompt=prompt)
            held = _held(child)
        if prompt and not embeds:
            _ask(child.server, name, context, embeds=False, prompt=prompt, schema=SCHEMA)
            structured = _held(child)
    except (OllamaError, StreamFault, ValueError) as error:
        return f"{getattr(error, 'what', error)} {getattr(error, 'why', '')} {getattr(error, 'words', '')}".strip()
    with log.open("rb") as opened:
        opened.seek(before)
        text = opened.read().decode("utf-8", "replace")
    return replace(
        _allocated(text, loaded.size_bytes, loaded.context_length), resident_bytes=held, structured_bytes=structured
    )


def _ask(
    server: Ollama, name: str, context: int, *, embeds: bool, prompt: str, schema: dict[str, Any] | None = None
) -> None:
    options = {**OPTIONS, "num_ctx": context}
    if embeds:
        body: dict[str, Any] = {"model": name, "input": prompt, "options": options, "keep_alive": -1, "truncate": True}
        list(server.stream("/api/embed", body))
        return
    raw = {"prompt": prompt, "raw": True} if prompt else {}
    raw |= {"format": schema} if schema else {}
    list(server.stream("/api/generate", {"model": name, **raw, "options": options, "keep_alive": -1}))


def _held(child: Child) -> int:
    """Memory of all processes that no file backs: what the kernel cannot take back, and a pod is killed for."""
    found = 0
    for process in (child.process, *child.process.children(recursive=True)):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            match = re.search(r"^RssAnon:\s+(\d+) kB", status, re.MULTILINE)
            found += int(match[1]) * 1024 if match else 0
    return found


def _allocated(log: str, reported: int, context: int) -> Allocated:
    own = [line for line in log.splitlines() if "msg=memory" in line and "required." in line and "success=true" in line]
    if own:
        parts = dict(re.findall(r'required\.([\w.]+)=("\[[^\]]*\]"|\[[^\]]*\]|\d+)', own[-1]))
        weights = _sum(parts.get("InputWeights")) + _sum(parts.get("CPU.Weights"))
        cache, graph = _sum(parts.get("CPU.Cache")), _sum(parts.get("CPU.Graph"))
        return Allocated("ollama", weights, cache, graph, 0, reported, context)
    return Allocated(
        "llama.cpp",
        _mebibytes(r"load_tensors: +\S+ model buffer size = +([\d.]+) MiB", log),
        _mebibytes(r"(?:KV|RS) buffer size = +([\d.]+) MiB", log),
        _mebibytes(r"llama_context: +CPU compute buffer size = +([\d.]+) MiB", log),
        _mebibytes(r"(?:load_hparams: model size:|alloc_compute_meta: +CPU compute buffer size =) +([\d.]+) MiB", log),
        reported,
        context,
    )


def _sum(text: str | None) -> int:
    return sum(int(one) for one in re.findall(r"\d+", text or ""))


def _mebibytes(pattern: str, log: str) -> int:
    return round(sum(float(one) for one in re.findall(pattern, log)) * MIB)
