"""Estimates as a table: where the memory goes, what the server will say, how fast it will be, and the verdict."""

from __future__ import annotations

from typing import Any

from runbook.views.tables import Table, table
from runbook.views.values import listed, value

PARTS = {
    "model": "model",
    "context_length": "context",
    "kv_type": "KV type",
    "weights_bytes": "weights",
    "kv_bytes": "KV cache",
    "graph_bytes": "graph",
    "projector_bytes": "projector",
    "runtime_bytes": "runtime",
    "total_bytes": "total",
    "reported_bytes": "Ollama reports",
    "decode_tokens_per_second": "decode",
}


PLACES = {
    "place": "place",
    "model": "model",
    "verdict": "verdict",
    "resident_bytes": "memory",
    "tokens_per_second": "decode",
    "per_item_s": "per item",
    "reason": "reason",
}


def selection(candidates: Any, caption: str = "") -> Table:
    """Candidates in the order of their places, with the reason for each and what would move it up."""
    shown = [_placed(one) for one in listed(candidates)]
    columns = {name: title for name, title in PLACES.items() if any(row[name] is not None for row in shown)}
    return table(shown, columns, caption)


def estimates(found: Any, caption: str = "") -> Table:
    """One row per estimate; a part that no model has is left out."""
    shown = listed(found)
    columns = {name: title for name, title in PARTS.items() if any(value(one, name) not in (None, 0) for one in shown)}
    return table([{name: value(one, name) for name in columns} for one in shown], columns, caption)


def _placed(candidate: Any) -> dict[str, Any]:
    """A candidate as a row; one that is out has no place."""
    words = (value(candidate, "reason"), value(candidate, "remedy"))
    return {
        **{name: value(candidate, name) for name in PLACES},
        "place": str(value(candidate, "rank") or "out"),
        "per_item_s": value(candidate, "seconds_per_item"),
        "reason": "; instead: ".join(filter(None, words)),
    }
