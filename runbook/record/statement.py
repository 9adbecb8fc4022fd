"""The statement that seals a run: in-toto Statement v1, made from the run's folder alone.

Subjects are the files of the folder by their digests. The predicate says what ran and what was found, taken from
the journal and the results, and holds the head of the journal's chain. Nothing is known here that the folder does
not say, so the statement can be made again from it, which is how `runbook verify` judges it; whoever changes what
is written here for the same folder raises `SCHEMA`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.record.files import remove_scratch, sha256, walk, write_atomic
from runbook.record.folder import RunFolder
from runbook.record.journal import Event, History, Journal, read_journal
from runbook.record.results import Results
from runbook.record.sign import named_key, sign
from runbook.record.strict import dumps

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:ollama-runbook:run:v1"
SCHEMA = 1
UNSEALED = ("record.json", "record.sig")
FROM_THE_START = ("previousRun", "signer", "actor", "host", "source", "packages", "materials", "parameters")


def seal(folder: RunFolder) -> dict[str, Any]:
    """Write `record.json`, the last file of a run, and return what it says; `RUNBOOK_SIGNING_KEY` signs it.

    Raises:
        RecordError: The journal or the results are damaged, or the record cannot be written or signed.
    """
    try:
        remove_scratch(folder.path)
        made = statement(folder)
        write_atomic(folder.record, text(made))
    except OSError as error:
        raise RecordError(f"The record of {folder.id} cannot be written.", why=str(error)) from error
    if key := named_key():
        sign(folder, key)
    return made


def text(made: Mapping[str, Any]) -> str:
    """A statement as it is written."""
    return dumps(made, indent=1) + "\n"


def statement(folder: RunFolder) -> dict[str, Any]:
    """The statement about a run folder as it is now.

    Raises:
        RecordError: The journal or the results are damaged.
        OSError: A file cannot be read.
    """
    results = Results(folder.results, Journal(folder.journal)).read()
    return stated(subjects(folder), read_journal(folder.journal), results)


def stated(digests: Mapping[str, str], history: History, results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The statement about a run whose files were read already.

    Args:
        digests: SHA-256 of each file by its name, as `subjects` has them.
        history: The journal.
        results: The results, by step and key.
    """
    predicate = _predicate(history, results) | {"results": {"sha256": digests.get("results.json")}}
    made = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    predicate["contentDigest"] = {"sha256": content_digest(made)}
    return made


def content_digest(made: Mapping[str, Any]) -> str:
    """SHA-256 of a statement less this digest: a statement that was changed is told from one whose files were."""
    predicate = {key: value for key, value in made["predicate"].items() if key != "contentDigest"}
    return hashlib.sha256(dumps({**made, "predicate": predicate}).encode()).hexdigest()


def subjects(folder: RunFolder) -> dict[str, str]:
    """The files that a statement covers, by their names in the folder, with their digests.

    Raises:
        OSError: A file cannot be read.
    """
    return {name: sha256(Path(entry.path)) for name, entry in walk(folder.path) if name not in UNSEALED}


def _predicate(history: History, results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    started = _first(history.events, "runStarted")
    finished = _first(reversed(history.events), "runFinished")
    begun = started.fields if started else {}
    kept = {key: value for step in results.values() for key, value in step.items()}
    return {
        "schema": begun.get("schema"),
        "run": {
            "id": begun.get("run"),
            "target": begun.get("target"),
            "startedAt": started.at if started else None,
            "finishedAt": finished.at if finished else None,
            "verdict": finished.fields["verdict"] if finished else "unfinished",
            "reason": finished.fields["reason"] if finished else "the run was ended before it could say why",
        },
        **{key: begun.get(key) for key in FROM_THE_START},
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
    started, finished = _first(events, "stepStarted"), _first(events, "stepFinished")
    skipped = _first(events, "stepSkipped") if not started else None
    judged = finished.fields if finished else {"outcome": "skipped"} if skipped else {}
    return {
        "name": name,
        "startedAt": started.at if started else None,
        "finishedAt": finished.at if finished else None,
        "verdict": judged.get("outcome", "unfinished" if started else "not started"),
        "reason": judged.get("reason", ""),
        "receipt": skipped.fields.get("receipt") if skipped else None,
        "seconds": judged.get("seconds"),
        "cells": judged.get("cells", []),
        "checks": [event.fields["check"] for event in events if event.name == "check"],
        "changes": [event.fields["change"] for event in events if event.name == "change"],
    }


def _first(events: Iterable[Event], name: str) -> Event | None:
    return next((event for event in events if event.name == name), None)


def _chosen(found: object, keys: Iterable[str]) -> list[dict[str, Any]] | None:
    """Some fields of one result, or of each in a list; None where there is no such result."""
    items = found if isinstance(found, list) else [found]
    chosen = [{key: item[key] for key in keys if key in item} for item in items if isinstance(item, dict)]
    return chosen or None
