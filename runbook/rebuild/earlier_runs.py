"""The runs that a target has behind it, as their journals tell them: the newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.record import Event, History, Journal, Results, RunFolder, read_journal
from runbook.record.previous import RUN_ID, siblings
from runbook.record.results import digest
from runbook.record.statement import SCHEMA


@dataclass(frozen=True)
class EarlierRun:
    """A run that is kept beside the one that is to come.

    Attributes:
        folder: Where it is kept.
        history: Its journal, whose chain was recomputed; never empty.
    """

    folder: RunFolder
    history: History

    @classmethod
    def load(cls, path: Path) -> EarlierRun | None:
        """A run by its folder; None where it ended before its first event, or was removed.

        Raises:
            RecordError: Its journal is damaged, or of another version.
        """
        folder = RunFolder(path)
        if not folder.journal.is_file():
            return None
        history = read_journal(folder.journal)
        if not history.events or history.events[0].name != "runStarted":
            return None
        schema = history.events[0].fields.get("schema")
        if schema != SCHEMA:
            raise RecordError(f"Run {folder.id} has schema {schema}; this version goes on from schema {SCHEMA}.")
        return cls(folder, history)

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.id

    @property
    def begun(self) -> Event:
        """Its first event: what it was made with."""
        return self.history.events[0]

    @property
    def verdict(self) -> str:
        """How it ended; `unfinished` where it was killed."""
        ended = (event.fields["verdict"] for event in self.history.events if event.name == "runFinished")
        return str(next(ended, "unfinished"))

    @property
    def is_done(self) -> bool:
        """Whether it succeeded, and lived to be sealed."""
        return self.verdict == "succeeded" and self.folder.record.is_file()

    @property
    def resumed(self) -> str:
        """Name of the run that it went on with; empty where it began anew."""
        return str(self.begun.fields.get("resumes") or "")

    @cached_property
    def proved(self) -> Mapping[str, Mapping[str, Any]]:
        """Its results by step and key: those that the journal knows by their digests, and no others."""
        try:
            kept = Results(self.folder.results, Journal(self.folder.journal)).read()
        except RecordError:
            return {}
        known = {name: self._digests(name) for name in kept}
        return {
            name: {key: value for key, value in found.items() if known[name].get(key) == digest(value)}
            for name, found in kept.items()
        }

    @cached_property
    def undefined(self) -> Mapping[str, str]:
        """Why a figure of its results is null, by the path to it."""
        try:
            return Results(self.folder.results, Journal(self.folder.journal)).undefined()
        except RecordError:
            return {}

    def found(self) -> dict[str, Any]:
        """Its proved results by key; where two steps have the same key, the later one's."""
        return {key: value for _, kept in sorted(self.proved.items()) for key, value in kept.items()}

    def _digests(self, step: str) -> dict[str, str]:
        """What the journal says of a step's results, whether the step ran or was skipped."""
        said: dict[str, str] = {}
        for event in self.history.of_step(step):
            if event.name == "result":
                said[event.fields["key"]] = event.fields.get("digest", "")
            elif event.name == "stepSkipped":
                said |= event.fields["results"]
        return said


def newest_first(target_folder: Path) -> Iterator[EarlierRun]:
    """Every run of a target that can be read, the newest first.

    Raises:
        RecordError: The journal of one is damaged; runs before it are given first.
    """
    if not target_folder.is_dir():
        return
    paths = sorted(siblings(target_folder / "none"), key=lambda path: path.name, reverse=True)
    for _, same_second in groupby(paths, key=lambda path: path.name.partition("-")[0]):
        loaded = [run for path in same_second if (run := EarlierRun.load(path)) is not None]
        yield from sorted(loaded, key=lambda run: run.begun.at, reverse=True)


def beside(target_folder: Path, run: str) -> EarlierRun | None:
    """A run of a target by its name; None where it is no longer kept, or damaged."""
    try:
        return EarlierRun.load(target_folder / run) if RUN_ID.fullmatch(run) else None
    except RecordError:
        return None
