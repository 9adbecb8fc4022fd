"""Sliders over an estimate: what a longer context, another type of cache or more slots do to the memory.

By hand they are controls that draw anew at every move; in a rebuild, where nobody moves them, the same is drawn for
a row of contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from runbook.views.cells import cell, size
from runbook.views.memory import described, memory_bar
from runbook.views.pictures import Picture
from runbook.views.values import value
from runbook.views.view import escaped

CONTEXTS = (1024, 2048, 4096, 8192, 16384, 32768)
KV_TYPES = ("f16", "q8_0", "q4_0")
MOST_SLOTS = 4


def explore(
    entries: Sequence[Any],
    estimate: Callable[..., Any],
    *,
    context_length: int,
    kv_type: str,
    limit_bytes: int,
    live: bool,
) -> Any:
    """Controls for the settings of an estimate; without anybody to move them, a picture of several contexts.

    Args:
        entries: Models to choose among; the first is shown at first.
        estimate: What makes an estimate of a model and its settings.
        context_length: The context shown at first, in tokens.
        kv_type: The type of cache shown at first.
        limit_bytes: The memory limit of the pod, in bytes.
        live: Whether somebody is there to move the controls.
    """
    if live:
        return _controls(entries, estimate, context_length, kv_type, limit_bytes)
    return contexts(entries[0], estimate, kv_type=kv_type, limit_bytes=limit_bytes)


def contexts(entry: Any, estimate: Callable[..., Any], *, kv_type: str, limit_bytes: int) -> Picture:
    """The memory of one model for several contexts, each a bar."""
    found = [estimate(entry, context_length=tokens, kv_type=kv_type) for tokens in CONTEXTS]
    return memory_bar(found, limit_bytes, [f"{one.context_length:,} tokens" for one in found])


def _controls(
    entries: Sequence[Any], estimate: Callable[..., Any], context_length: int, kv_type: str, limit_bytes: int
) -> Any:
    import ipywidgets

    wide = {"description_width": "6em"}
    tokens = sorted({*CONTEXTS, context_length})
    settings = {
        "entry": ipywidgets.Dropdown(options=[(one.name, one) for one in entries], description="model", style=wide),
        "context_length": ipywidgets.SelectionSlider(
            options=tokens, value=context_length, description="context", style=wide
        ),
        "kv_type": ipywidgets.Dropdown(options=KV_TYPES, value=kv_type, description="KV type", style=wide),
        "parallel": ipywidgets.IntSlider(value=1, min=1, max=MOST_SLOTS, description="slots", style=wide),
    }
    shown = ipywidgets.HTML()

    def draw(_: object = None) -> None:
        chosen = {name: control.value for name, control in settings.items()}
        shown.value = _drawn(estimate(chosen.pop("entry"), **chosen), limit_bytes)

    for control in settings.values():
        control.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([*settings.values(), shown])


def _drawn(estimate: Any, limit_bytes: int) -> str:
    """The bar of one estimate and what it says in words, as HTML."""
    tokens = cell("context_length", value(estimate, "context_length"))
    sentences = (
        described(estimate, limit_bytes),
        f"Context: {tokens} tokens by {value(estimate, 'context_source')}",
        f"Ollama reports {size(value(estimate, 'reported_bytes'))}",
        *(value(estimate, "warnings") or ()),
    )
    return f"{memory_bar(estimate, limit_bytes).svg}<p>{escaped('. '.join(sentences))}.</p>"
