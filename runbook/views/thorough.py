"""A thorough measurement as tables: speed at depth, cold starts, the consumer's work, and where the time went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runbook.views.cells import cell
from runbook.views.measurements import measurement
from runbook.views.memory import MIB
from runbook.views.tables import table
from runbook.views.values import middle, value
from runbook.views.view import View, paragraph, stack

DEPTHS = {
    "depth": "asked",
    "prompt_tokens": "prompt",
    "context_length": "context",
    "decode_tokens_per_second": "decode",
    "wall_tokens_per_second": "decode by our clock",
    "prompt_tokens_per_second": "reading the prompt",
    "runs": "runs",
    "invalid": "not counted",
}
WORK = {
    "concurrency": "at once",
    "items_per_minute": "bookmarks a minute",
    "tags_per_minute": "tags a minute",
    "latency_s": "wait",
    "asked": "asked",
    "unanswered": "no answer",
    "anon_peak_bytes": "memory",
}


def thorough(found: Any) -> View:
    """Everything that was measured of a model, so far."""
    return stack(*_parts(found))


def _parts(found: Any) -> Iterator[View]:
    speed = value(found, "speed")
    if speed is not None:
        yield measurement([speed])
        clocks = value(speed, "clocks")
        if clocks is not None and value(clocks, "words"):
            yield paragraph(value(clocks, "words"))
    depths = [
        {name: len(value(one, name)) if name == "invalid" else value(one, name) for name in DEPTHS}
        for one in value(found, "depths") or ()
    ]
    if depths:
        yield table(depths, DEPTHS, "After prompts of several lengths: the median, and the range over the runs")
    cold = value(found, "cold")
    if cold is not None:
        yield paragraph(_cold(cold))
    work = list(value(found, "work") or ())
    if work:
        yield table([{name: value(one, name) for name in WORK} for one in work], WORK, "The consumer's work")
        for one in work[1:]:
            yield paragraph(_price(work[0], one))


def _cold(cold: Any) -> str:
    caches = [one for one in value(cold, "page_cache_bytes") or () if one is not None]
    aside = f", with {cell('page_cache_bytes', min(caches))} of page cache or more before" if caches else ""
    load, first = value(cold, "load_s"), value(cold, "first_byte_s")
    waited, loading = cell("first_byte_s", first), cell("load_s", load)
    return f"Cold start: first byte after {waited}, of which loading took {loading}{aside}."


def _price(alone: Any, together: Any) -> str:
    """What several at once bring and cost, against one at a time."""

    def ratio(name: str) -> str:
        one, other = middle(value(alone, name)), middle(value(together, name))
        return f"{other / one:.2f}" if one and other is not None else "unknown"

    memory = [value(one, "anon_peak_bytes") for one in (alone, together)]
    more = f", and takes {(memory[1] - memory[0]) / MIB:+,.0f} MiB of memory" if all(memory) else ""
    return (
        f"{value(together, 'concurrency')} at once: {ratio('items_per_minute')} times the bookmarks a minute, "
        f"and each waits {ratio('latency_s')} times as long{more}."
    )
