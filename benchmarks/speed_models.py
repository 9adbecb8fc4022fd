"""The models of the speed benchmark: the real small one and twins, and the ladder that the constants come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runbook.models import GgufHeader, find
from runbook.models.layout import Layout, header_of


@dataclass(frozen=True)
class Subject:
    """A model that is measured.

    Attributes:
        name: What it is called on the server.
        header: Its header.
        role: `calibration`, `test` or `ladder`.
        file: The real file; None for a twin.
    """

    name: str
    header: GgufHeader
    role: str
    file: Path | None = None


def _llama(name: str, types: dict[str, str | tuple[str, str]], vocabulary: int, tied: bool, **sizes: int) -> GgufHeader:
    metadata = {
        "block_count": sizes["layers"],
        "context_length": 8192,
        "embedding_length": sizes["embedding"],
        "feed_forward_length": sizes["inner"],
        "attention.head_count": sizes["heads"],
        "attention.head_count_kv": sizes["kv_heads"],
    }
    return header_of(Layout("llama", metadata, types, tied, vocabulary), name)


def _q4_k_m(output: str) -> dict[str, str | tuple[str, str]]:
    more = ("Q4_K", "Q6_K")
    return {"default": "Q4_K", output: "Q6_K", "attn_v": more, "ffn_down": more}


def _q5_k_m() -> dict[str, str | tuple[str, str]]:
    more = ("Q5_K", "Q6_K")
    return {"default": "Q5_K", "output": "Q6_K", "attn_v": more, "ffn_down": more}


LLAMA_1B = {"layers": 16, "embedding": 2048, "inner": 8192, "heads": 32, "kv_heads": 8}
TINY = {"layers": 22, "embedding": 2048, "inner": 5632, "heads": 32, "kv_heads": 4}
SMOL_360M = {"layers": 32, "embedding": 960, "inner": 2560, "heads": 15, "kv_heads": 5}
SMOL_135M = {"layers": 30, "embedding": 576, "inner": 1536, "heads": 9, "kv_heads": 3}


def _of_catalogue(name: str) -> GgufHeader:
    entry = find(name)
    if entry is None:
        raise KeyError(name)
    return entry.header


def _without_projector(header: GgufHeader) -> GgufHeader:
    return GgufHeader(header.version, header.metadata, header.tensors, source=header.source)


def subjects(real: Path | None) -> tuple[Subject, ...]:
    """Two models to calibrate on, the plan's own for text, and those to predict.

    Args:
        real: The file of gemma3:270m; None leaves it out.
    """
    found = [
        Subject("twin-qwen3-1.7b", _of_catalogue("qwen3:1.7b"), "calibration"),
        Subject("twin-qwen3-0.6b", _of_catalogue("qwen3:0.6b"), "calibration"),
        Subject("twin-gemma3-1b", _of_catalogue("gemma3:1b"), "test"),
        Subject("twin-qwen2.5-0.5b", _of_catalogue("qwen2.5:0.5b"), "test"),
        Subject("twin-moondream-text", _without_projector(_of_catalogue("moondream")), "test"),
        Subject("twin-llama-1.2b-q4_k_m", _llama("llama", _q4_k_m("token_embd"), 128256, True, **LLAMA_1B), "test"),
        Subject("twin-tinyllama-1.1b-q5_k_m", _llama("tinyllama", _q5_k_m(), 32000, False, **TINY), "test"),
        Subject("twin-smollm-360m-q8_0", _llama("smollm 360m", {"default": "Q8_0"}, 49152, True, **SMOL_360M), "test"),
        Subject("twin-smollm-135m-f16", _llama("smollm 135m", {"default": "F16"}, 49152, True, **SMOL_135M), "test"),
    ]
    if real is not None:
        found.append(Subject("gemma3-270m", _of_catalogue("gemma3:270m"), "test", real))
    return tuple(found)


LADDER = (
    *("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL"),
    *("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS", "MXFP4"),
)


def ladder() -> tuple[Subject, ...]:
    """One shape in every type, and two shapes of many thin layers: what a weight and a layer cost."""

    def one(name: str, kind: str, layers: int, embedding: int, inner: int) -> Subject:
        metadata = {
            "block_count": layers,
            "context_length": 8192,
            "embedding_length": embedding,
            "feed_forward_length": inner,
            "attention.head_count": embedding // 128,
            "attention.head_count_kv": max(1, embedding // 256),
            "attention.key_length": 128,
            "attention.value_length": 128,
        }
        layout = Layout("qwen3", metadata, {"default": kind}, False, 8192)
        return Subject(f"twin-ladder-{name}", header_of(layout, f"ladder {name}"), "ladder")

    wide = tuple(one(kind.lower(), kind, 6, 2048, 6144) for kind in LADDER)
    thin = tuple(one(f"thin-{layers}", "Q8_0", layers, 512, 512) for layers in (16, 48))
    return (*wide, *thin)
