"""The statement that seals a run: in-toto Statement v1, made from the run's folder alone.

Subjects are the files of the folder by their digests. The predicate says what ran and what was found, taken from
the journal and the results, and holds the head of the journal's chain. Nothing is known here that the folder does
not say, so the statement can be made again from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runbook.record.files import sha256, write_atomic
from runbook.record.folder import RunFolder
from runbook.record.journal import Event, History, Journal, read_journal
from runbook.record.results import Results
from runbook.record.strict import dumps

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:ollama-runbook:run:v1"
UNSEALED = ("record.json", "record.sig")


def seal(folder: RunFolder) -> dict[str, Any]:
    """Write `record.json`, the last file of a run, and return what it says.

    Raises:
        RecordError: The journal or the results are damaged.
    """
    made = statement(folder)
    write_atomic(folder.record, dumps(made, indent=1) + "\n")
    return made


def statement(folder: RunFolder) -> dict[str, Any]:
    """The statement about a run folder as it is now.

    Raises:
        RecordError: The journal or the results are damaged.
    """
    history = read_journal(folder.journal)
    results = Results(folder.results, Journal(folder.journal)).read()
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects(folder)],
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(history, results),
    }


def subjects(folder: RunFolder) -> list[tuple[str, str]]:
    """The files that a statement covers, by their names in the folder, with their digests."""
    files = (path for path in folder.path.rglob("*") if path.is_file() and not _is_scratch(path))
    named = ((path.relative_to(folder.path).as_posix(), path) for path in files)
    return sorted((name, sha256(path)) for name, path in named if name not in UNSEALED)


def _predicate(history: History, results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    started = _only(history.events, "runStarted")
    finished = _only(history.events, "runFinished")
    begun = started.fields if started else {}
    kept = {key: value for step in results.values() for key, value in step.items()}
    return {
        "run": {
            "id": begun.get("run"),
            "target": begun.get("target"),
            "startedAt": started.at if started else None,
            "finishedAt": finished.at if finished else None,
            "verdict": finished.fields["verdict"] if finished else "unfinished",
            "reason": finished.fields["reason"] if finished else "the run was ended before it could say why",
        },
        **{key: begun.get(key) for key in ("actor", "host", "source", "packages", "materials", "parameters")},
        "cluster": begun.get("cluster") or kept.get("cluster"),
        "nodes": (kept.get("hardware") or {}).get("nodes"),
        "images": _chosen(kept.get("rollout"), ("image", "image_id")),
        "models": _chosen(kept.get("pulled"), ("name", "digest", "size_bytes")),
        "steps": [_step(name, history) for name in begun.get("steps", ())],
        "redactions": dict(sum((Counter(event.fields.get("redactions", {})) for event in history.events), Counter())),
        "journal": {"events": len(history.events), "chainHead": history.head},
    }


def _step(name: str, history: History) -> dict[str, Any]:
    events = history.of_step(name)
    started, finished = _only(events, "stepStarted"), _only(events, "stepFinished")
    judged = finished.fields if finished else {}
    return {
        "name": name,
        "startedAt": started.at if started else None,
        "finishedAt": finished.at if finished else None,
        "verdict": judged.get("outcome", "unfinished" if started else "not started"),
        "reason": judged.get("reason", ""),
        "seconds": judged.get("seconds"),
        "cells": judged.get("cells", []),
        "checks": [event.fields["check"] for event in events if event.name == "check"],
        "changes": [event.fields["change"] for event in events if event.name == "change"],
    }


def _only(events: Sequence[Event], name: str) -> Event | None:
    return next((event for event in events if event.name == name), None)


def _chosen(found: object, keys: Iterable[str]) -> list[dict[str, Any]] | None:
    """Some fields of one result, or of each in a list; None where there is no such result."""
    items = found if isinstance(found, list) else [found]
    chosen = [{key: item[key] for key in keys if key in item} for item in items if isinstance(item, dict)]
    return chosen or None


def _is_scratch(path: Path) -> bool:
    return path.name.startswith(".")
