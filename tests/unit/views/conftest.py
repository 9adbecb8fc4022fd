"""Facts as the other rooms hand them over, small enough to read."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

MIB = 2**20


@dataclass(frozen=True)
class Node:
    name: str
    memory_free_bytes: int | None
    load_s: float
    ready: bool = True


@pytest.fixture
def nodes() -> list[Node]:
    return [Node("one", 2**31, 1.24), Node("<b>two</b>", None, 125.0, ready=False)]


@pytest.fixture
def estimate() -> Any:
    return SimpleNamespace(
        model="gemma3:270m",
        context_length=2048,
        context_source="the request",
        kv_type="q8_0",
        weights_bytes=400 * MIB,
        kv_bytes=11 * MIB,
        graph_bytes=20 * MIB,
        projector_bytes=0,
        runtime_bytes=69 * MIB,
        total_bytes=431 * MIB,
        resident_bytes=500 * MIB,
        reported_bytes=431 * MIB,
        decode_tokens_per_second=SimpleNamespace(low=30.0, expected=40.0, high=50.0),
        warnings=("the cache stays f16",),
    )


@pytest.fixture
def measured() -> Any:
    return SimpleNamespace(
        model="gemma3:270m",
        decode_tokens_per_second=SimpleNamespace(median=42.0, low=40.0, high=44.0, values=(42.0, 40.0, 44.0)),
        prompt_tokens_per_second=None,
        load_s=1.24,
        context_length=2048,
        reported_bytes=431 * MIB,
        runs=(1, 2, 3),
        invalid=(SimpleNamespace(reason="includes a reload (1.2 s)"),),
    )
