"""A card: what the index says of one run, and all that it keeps of it.

A card is made from the run's folder alone, so the index can be made again at any time; it is plain JSON, so that it
can be remembered.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.archive.reading import (
    Content,
    Unreadable,
    first_event,
    listed_at,
    number_at,
    predicate,
    results_of,
    seconds_between,
    text_at,
    within,
)
from runbook.errors import RecordError
from runbook.record.tombstone import read_tombstone

VERDICTS = ("succeeded", "failed", "interrupted", "unfinished")
REMOVED, UNREADABLE = "removed", "unreadable"


@dataclass(frozen=True)
class Figure:
    """What a run measured of one model.

    Attributes:
        model: The model.
        decode: Tokens written in a second: median, lowest, highest.
        prompt: Tokens read in a second: median, lowest, highest; None where it was not measured.
        memory_bytes: What Ollama reports it takes; None where it was not measured.
    """

    model: str
    decode: tuple[float, float, float]
    prompt: tuple[float, float, float] | None
    memory_bytes: float | None


@dataclass(frozen=True)
class Card:
    """One run, or what is left or readable of it.

    Attributes:
        target: Name of the target.
        run: Name of the run's folder.
        verdict: One of `VERDICTS`, or `removed` or `unreadable`.
        reason: Why it is not `succeeded`; empty where it is.
        started_at: When it began, UTC; empty where that is not known.
        seconds: How long it took; None where that is not known.
        checks: How many checks passed, failed and were skipped.
        steps: How many steps succeeded, of how many that were chosen.
        kubernetes: Version of the cluster.
        image: The image of Ollama.
        models: The models that were asked for.
        commit: The project's commit, twelve digits.
        figures: What was measured, by model.
        proved_by: The runs that prove steps which this one skipped.
        has_page: The folder has a page to read.
    """

    target: str
    run: str
    verdict: str
    reason: str = ""
    started_at: str = ""
    seconds: float | None = None
    checks: tuple[int, int, int] = (0, 0, 0)
    steps: tuple[int, int] = (0, 0)
    kubernetes: str = ""
    image: str = ""
    models: tuple[str, ...] = ()
    commit: str = ""
    figures: tuple[Figure, ...] = ()
    proved_by: tuple[str, ...] = ()
    has_page: bool = False

    @property
    def versions(self) -> tuple[str, ...]:
        """What ran, in words."""
        said = ((self.kubernetes, f"Kubernetes {self.kubernetes}"), (self.image, self.image))
        return tuple(words for known, words in (*said, (self.commit, f"commit {self.commit}")) if known)

    def as_json(self) -> dict[str, Any]:
        """The card as it is remembered."""
        return dataclasses.asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Card:
        """A card that was remembered.

        Raises:
            TypeError: It has other fields than this version writes.
            ValueError: A field is of another kind.
        """
        figures = tuple(
            Figure(str(one["model"]), _three(one["decode"]), _three(one["prompt"]), one["memory_bytes"])
            for one in kept["figures"]
        )
        lists = {name: tuple(kept[name]) for name in ("checks", "steps", "models", "proved_by")}
        return cls(**{**kept, **lists, "figures": figures})


def card(run: Path, target: str, content: Content) -> Card:
    """The card of a run.

    Args:
        run: Its folder.
        target: Name of the folder it lies in.
        content: What was read of it.
    """
    try:
        if not content.record:
            return _unfinished(run, target, content)
        return _sealed(run, target, content)
    except Unreadable as error:
        return unreadable(run, target, str(error))


def unreadable(run: Path, target: str, why: str) -> Card:
    """The card of a folder that is no run, or a damaged one."""
    return Card(target, run.name, UNREADABLE, why, has_page=(run / "index.html").is_file())


def removed(run: Path, target: str) -> Card | None:
    """The card of a run that was removed; None where the folder has no tombstone."""
    try:
        left = read_tombstone(run)
    except RecordError as error:
        return unreadable(run, target, f"{error.what} {error.why}".strip())
    if left is None:
        return None
    begun = text_at(left, "startedAt")
    why = f"{text_at(left, 'verdict')}; removed {text_at(left, 'removedAt')[:10]}: {text_at(left, 'why')}"
    return Card(target, run.name, REMOVED, why, begun, seconds_between(begun, text_at(left, "finishedAt")))


def _sealed(run: Path, target: str, content: Content) -> Card:
    said, sealed = predicate(content.record)
    verdict = text_at(said, "run", "verdict")
    if verdict not in VERDICTS:
        raise Unreadable("record.json has no verdict that is known")
    expected = sealed.get("results.json")
    if expected is None or expected != hashlib.sha256(content.results).hexdigest():
        raise Unreadable("results.json is not the file that the record seals: `runbook verify` says more")
    begun = text_at(said, "run", "startedAt")
    steps = listed_at(said, "steps")
    return Card(
        target=target,
        run=run.name,
        verdict=verdict,
        reason=text_at(said, "run", "reason"),
        started_at=begun,
        seconds=seconds_between(begun, text_at(said, "run", "finishedAt")),
        checks=_counts(steps),
        steps=(sum(_is_good(step) for step in steps), len(steps)),
        kubernetes=text_at(said, "cluster", "version"),
        proved_by=tuple(sorted({text_at(step, "receipt", "run", longest=80) for step in steps} - {""})),
        figures=tuple(_figures(results_of(content.results))),
        has_page=(run / "index.html").is_file(),
        **_asked(said),
    )


def _unfinished(run: Path, target: str, content: Content) -> Card:
    begun = first_event(content.edges)
    reason = "it has no record: it still runs, or was killed before it could write one"
    return Card(
        target=target,
        run=run.name,
        verdict="unfinished",
        reason=reason,
        started_at=text_at(begun, "at"),
        kubernetes=text_at(begun, "cluster", "version"),
        has_page=(run / "index.html").is_file(),
        **_asked(begun),
    )


def _asked(said: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, from the predicate of a record or the first event of a journal."""
    parameters = within(said, "parameters")
    models = [text_at(parameters, "text_model", longest=80), text_at(parameters, "vision_model", longest=80)]
    return {
        "image": text_at(parameters, "image", longest=200),
        "models": tuple(dict.fromkeys(name for name in models if name)),
        "commit": text_at(said, "source", "gitCommit", longest=12),
    }


def _counts(steps: list[Mapping[str, Any]]) -> tuple[int, int, int]:
    states = [text_at(check, "status") for step in steps for check in listed_at(step, "checks")]
    return states.count("passed"), states.count("failed"), states.count("skipped")


def _is_good(step: Mapping[str, Any]) -> bool:
    return text_at(step, "verdict") in ("succeeded", "skipped")


def _figures(results: Mapping[str, Any]) -> Iterator[Figure]:
    for one in listed_at(results, "measurements"):
        decode = _statistic(one, "decode_tokens_per_second")
        if decode is not None:
            prompt, memory = _statistic(one, "prompt_tokens_per_second"), number_at(one, "reported_bytes")
            yield Figure(text_at(one, "model", longest=80), decode, prompt, memory)


def _statistic(found: Mapping[str, Any], name: str) -> tuple[float, float, float] | None:
    values = [number_at(found, name, part) for part in ("median", "low", "high")]
    known = [value for value in values if value is not None]
    return (known[0], known[1], known[2]) if len(known) == 3 else None


def _three(values: Any) -> Any:
    return None if values is None else tuple(map(float, values))
