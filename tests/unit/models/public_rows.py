"""The public rows of memory use, each computed as far as its shape is known, or listed with why it is not.

The rows are logs and notes that other people committed, for several versions of Ollama and llama.cpp and their forks.
`benchmarks/memory_prediction.py` prints them; the tests hold them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from runbook.models.engine import Engine
from runbook.models.graph import graph_bytes
from runbook.models.kv import kv_bytes
from runbook.models.layout import Layout, header_of
from runbook.models.shape import Shape
from runbook.models.weights import weights_bytes
from tests.unit.models.public_shapes import GEMMA_2B, SHAPES, dense

MIB: Final = 1 << 20
FILE: Final = Path(__file__).parent / "data" / "memory.csv"

OLDER: Final = "llama.cpp of that time stored values without an index tensor of batch * kv width * 8 bytes"
MIXTURE: Final = "which tensors its publisher stored in which type is not stated"
FORK: Final = "ik_llama.cpp, a fork: it plans its graph otherwise"
# Parts that are not reproduced: how far off in MiB (None where nothing is computed), and why.
CAUSES: Final[Mapping[tuple[str, str], tuple[float | None, str]]] = {
    ("17", "graph"): (
        None,
        "Ollama 0.9: both slots shared one cache and its graph saw all cells; now each has its own",
    ),
    ("21", "graph"): (None, "Ollama 0.5: a shared cache, padded to 32 cells and not to 256"),
    ("21", "kv"): (None, "Ollama 0.5: a shared cache, padded to 32 cells and not to 256"),
    ("35", "graph"): (None, "a CUDA graph with part of the layers on the processor"),
    ("41", "graph"): (4.0, OLDER),
    ("57", "graph"): (4.0, OLDER),
    ("61", "graph"): (4.0, f"{OLDER}; half of it, since the peak lies elsewhere without it"),
    ("23", "weights"): (40.6, "logged as 1.3 GiB, which is 1280 to 1382 MiB: 1290.6 MiB are within it"),
    ("39", "weights"): (None, MIXTURE),
    ("27", "weights"): (None, MIXTURE),
    ("25", "weights"): (None, MIXTURE),
    ("25", "graph"): (None, "that of an image without flash attention: 1.1 GiB, reproduced by the tape of the eyes"),
    ("25", "kv"): (None, "checked with gemma3's windows in test_kv.py: 334 MiB"),
    ("31", "weights"): (None, MIXTURE),
    ("31", "graph"): (None, "ROCm; the cache is checked by RC-31"),
    ("31", "kv"): (None, "checked by RC-31 in test_kv.py: 450 MiB"),
    ("29", "all"): (None, "hybrid: the line holds recurrent state and checkpoints; qwen35moe is not in 0.15.6"),
    ("33", "all"): (None, "qwen3next on CUDA with a batch of 1024; a lower bound is given"),
    ("37", "all"): (None, "only the total of `ollama ps` in March 2025: an estimator of before 0.9, not an allocation"),
    ("45", "weights"): (None, MIXTURE),
    ("45", "graph"): (None, FORK),
    ("47", "all"): (None, f"{FORK}, and q8_KV is a type of its own: 8 bytes more a row, whatever its length"),
    ("49", "all"): (None, f"{FORK}, and q8_KV is a type of its own: 8 bytes more a row, whatever its length"),
    ("51", "weights"): (None, "IQ2_K_R4, a type that only forks have"),
    ("51", "graph"): (None, FORK),
    ("53", "weights"): (None, MIXTURE),
    ("53", "graph"): (None, FORK),
    ("55", "weights"): (None, "I2_S, a type that only forks have"),
    ("59", "kv"): (None, "checked by RC-29 in test_kv.py: 48.16 MiB"),
    ("59", "graph"): (None, "llama.cpp's graph of lfm2; Ollama runs it in its own engine"),
}

GEMMA_2B_STORED = replace(GEMMA_2B, vocabulary=256_128)  # its embeddings have 128 rows more than there are words
KNOWN: Final = {
    **SHAPES,
    "1": dense("bert", 6, 384, 1536, 30522, 12, 12),
    "3": GEMMA_2B_STORED,
    "55": dense("bitnet", 30, 2560, 6912, 128256, 20, 5, 128),
}
Q4_0: Final = {"default": "Q4_0", "output": "Q6_K"}
Q4_K_M: Final = {"default": "Q4_K", "output": "Q6_K", "attn_v": ("Q4_K", "Q6_K"), "ffn_down": ("Q4_K", "Q6_K")}
Q5_K_M: Final = {
    "default": "Q5_K",
    "output": "Q6_K",
    "attn_v": ("Q5_K", "Q6_K"),
    "ffn_down": ("Q5_K", "Q6_K"),
    "ffn_down_exps": ("Q5_K", "Q6_K"),
}
# Type of each kind of tensor, and whether the output uses the embeddings.
STORED: Final[Mapping[str, tuple[Mapping[str, Any], bool]]] = {
    "1": ({"default": "F16"}, True),
    "3": ({"default": "Q4_0", "token_embd": "Q8_0"}, True),
    "5": ({"default": "Q4_0", "output": "Q8_0"}, False),
    "7": (Q4_0, False),
    "9": (Q4_0, False),
    "11": (Q4_0, True),
    "13": (Q4_0, False),
    "15": (Q4_0, False),
    "17": (Q4_0, False),
    "21": (Q4_K_M, False),
    "35": ({"default": "Q8_0"}, False),
    "41": ({"default": "Q8_0"}, False),
    "43": (Q5_K_M, False),
}


@dataclass(frozen=True)
class Judged:
    """One figure of a public row.

    Attributes:
        row: Number of the row.
        what: The model and the program.
        part: `weights`, `kv`, `graph`, or `all` where nothing is computed.
        stated_mib: What the row says; None where nothing is computed.
        ours_mib: What we compute.
        resolution_mib: Of the row.
        cause: Why it is not reproduced; empty where it is.
    """

    row: str
    what: str
    part: str
    stated_mib: float | None
    ours_mib: float | None
    resolution_mib: float
    cause: str

    @property
    def is_reproduced(self) -> bool:
        """Whether we compute what the row says, within its resolution, and half a step of its rounding."""
        if self.stated_mib is None or self.ours_mib is None:
            return False
        return abs(self.ours_mib - self.stated_mib) <= self.resolution_mib + 0.0051


def public_rows() -> dict[str, dict[str, str]]:
    """The rows by their number."""
    with FILE.open(encoding="utf-8", newline="") as opened:
        return {row["row"]: row for row in csv.DictReader(opened)}


def judged() -> Iterator[Judged]:
    """Every figure of every row."""
    for number, row in public_rows().items():
        what, resolution = f"{row['model_tag']}, {row['version']}", float(row["resolution_MiB"])
        if (number, "all") in CAUSES:
            yield Judged(number, what, "all", None, None, resolution, CAUSES[number, "all"][1])
            continue
        for part in ("weights", "kv", "graph"):
            if row[f"{part}_MiB"]:
                stated = float(row[f"{part}_MiB"])
                cause = CAUSES.get((number, part), (0.0, ""))[1]
                yield Judged(number, what, part, stated, _ours(number, row, part), resolution, cause)


def _ours(number: str, row: Mapping[str, str], part: str) -> float | None:
    if part == "kv" and number in ("45", "51", "53"):
        return _deepseek_cache(number, int(row["num_ctx"])) / MIB
    if number not in KNOWN or CAUSES.get((number, part), (0.0, ""))[0] is None:
        return None
    shape, engine = KNOWN[number], "ollama" if row["engine"] == "ollamarunner" else "llama.cpp"
    if part == "weights":
        return _weights(number, shape, engine)
    batch = 256 if number == "1" else 512
    settings: Any = {"context": int(row["num_ctx"]), "batch": batch, "parallel": int(row["num_parallel"])}
    if part == "kv":
        return kv_bytes(shape, engine, **settings, kv_type="f16") / MIB  # type: ignore[arg-type]
    return graph_bytes(shape, Engine(engine, row["flash_attn"] != "off", "f16", ""), **settings) / MIB  # type: ignore[arg-type]


def _weights(number: str, shape: Shape, engine: Any) -> float | None:
    if number not in STORED:
        return None
    types, tied = STORED[number]
    settings = {
        "block_count": shape.layers,
        "context_length": 512,
        "embedding_length": shape.embedding,
        "feed_forward_length": shape.feed_forward,
        "attention.head_count": shape.most_heads,
        "attention.head_count_kv": max(shape.kv_heads),
        "attention.key_length": shape.key_length,
        "attention.value_length": shape.value_length,
    }
    if shape.experts:
        settings |= {"expert_count": shape.experts, "expert_feed_forward_length": shape.expert_feed_forward}
    header = header_of(Layout(shape.architecture, settings, types, tied, shape.vocabulary), number)
    return weights_bytes(header, engine, shape.layers) / MIB


def _deepseek_cache(number: str, context: int) -> int:
    """DeepSeek R1: 61 layers; 128 heads of 192 and 128, or one compressed row of 576."""
    settings: Any = {"context": context, "batch": 512, "parallel": 1}

    def one(heads: int, key: int, value: int, kind: str) -> int:
        shape = Shape("llama", 61, 7168, 2048, 129280, 163840, (128,) * 61, (heads,) * 61, key, value)
        return kv_bytes(shape, "llama.cpp", **settings, kv_type=kind)

    if number == "45":
        return one(128, 192, 0, "q8_0") + one(128, 0, 128, "f16")
    return one(1, 576, 0, "q8_0" if number == "51" else "f16")
