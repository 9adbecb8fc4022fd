"""Runs and keys that several tests of the record use: made by the record's own parts, without a kernel."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from runbook.checks import Check
from runbook.record import (
    Journal,
    Redactor,
    Results,
    RunFolder,
    loads,
    previous_run,
    read_journal,
    seal,
    sha256,
    verdict,
)
from runbook.record.journal import START, parse_line
from runbook.record.results import digest
from runbook.record.strict import dumps

STEPS = ("01_look", "02_do")
Events = list[dict[str, Any]]


def write_key_pair(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """A new Ed25519 key: the files of its private and its public half."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    key = Ed25519PrivateKey.generate()
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def make_run(
    target: Path,
    *,
    fails: bool = False,
    until: str = "sealed",
    signer: str | None = None,
    schema: int = 1,
    name: str = "",
) -> RunFolder:
    """A run of two steps.

    Args:
        target: The folder of its target.
        fails: Its last step raises an error.
        until: `sealed`, or what it is killed before: `runFinished`, or `02_do` at its end.
        signer: The key id that its first event promises.
        schema: The schema that its first event names.
        name: Name of its folder; one of the present moment without it.
    """
    folder = RunFolder.create(target)
    folder = RunFolder(folder.path.rename(target / name)) if name else folder
    journal = Journal(folder.journal, Redactor())
    facts = {"previous_run": previous_run(folder), "signer": signer, "actor": "uid 7", "parameters": {"target": "box"}}
    journal.append("runStarted", schema=schema, run=folder.id, target="box", steps=STEPS, **facts)
    results = Results(folder.results, journal)
    results.create()
    for name in STEPS:
        good = not (fails and name == STEPS[-1])
        _start(folder, journal, results, name)
        if name == until:
            return folder
        _finish(folder, journal, name, good=good)
    if until == "runFinished":
        return folder
    judged = ("failed", "02_do: cell 2: ValueError: no") if fails else ("succeeded", "")
    journal.append("runFinished", verdict=judged[0], reason=judged[1], seconds=1.0)
    folder.index.write_text("<p>a page</p>")
    seal(folder)
    return folder


def rewrite(folder: RunFolder, edit: Callable[[Events], object], *, seal_again: bool = True) -> None:
    """Change the events of a journal and chain them anew, as one who knows how would do."""
    events = [json.loads(line) for line in folder.journal.read_bytes().splitlines()]
    edit(events)
    previous, lines = START, []
    for number, event in enumerate(events, start=1):
        line = dumps({**event, "number": number, "previous": previous}).encode()
        previous = parse_line(line, number)[0].digest
        lines.append(line + b"\n")
    folder.journal.write_bytes(b"".join(lines))
    if seal_again:
        seal(folder)


def event(events: Events, name: str, step: str = "") -> dict[str, Any]:
    """The last event of a name, of a step."""
    return [one for one in events if one["event"] == name and step in ("", one.get("step"))][-1]


def _start(folder: RunFolder, journal: Journal, results: Results, name: str) -> None:
    journal.append("stepStarted", step=name, title=name)
    for cell in ("a", "b"):
        journal.append("cellStarted", step=name, cell=1, id=cell)
    journal.append(
        "result", step=name, key="seen", digest=digest(results.put(name, "seen", {"of": name, "speed": 1.5}))
    )
    journal.append("check", step=name, phase="verification", check=Check.that("It is so", True, "seen"))


def _finish(folder: RunFolder, journal: Journal, name: str, *, good: bool) -> None:
    for cell in ("a", "b"):
        state = "ok" if good or cell == "a" else "failed"
        journal.append("cellFinished", step=name, cell=1, id=cell, state=state, seconds=0.1)
    if good:
        journal.append("finishReached", step=name)
    path = folder.notebooks / f"{name}.ipynb"
    nbformat.write(_executed(good=good), path)
    judged = verdict(nbformat.read(path, as_version=4), read_journal(folder.journal).of_step(name))
    journal.append(
        "stepFinished",
        step=name,
        outcome=judged.outcome,
        reason=judged.reason,
        seconds=0.5,
        fault="",
        cells=[{"number": cell.number, "id": cell.id, "state": cell.state} for cell in judged.cells],
        executed=sha256(path),
    )


def _executed(*, good: bool) -> Any:
    answered = {"execution": {"shell.execute_reply": "2026-11-25T06:15:00Z", "shell.execute_reply.status": "ok"}}
    cells = [new_code_cell("x = 1", metadata=answered), new_code_cell("y = 2\ny", metadata=answered)]
    cells[0]["id"], cells[1]["id"] = "a", "b"
    if not good:
        cells[1]["outputs"] = [new_output("error", ename="ValueError", evalue="no", traceback=["no"])]
    return new_notebook(cells=cells)


def record_of(folder: RunFolder) -> dict[str, Any]:
    """The record of a run as it lies there."""
    made: dict[str, Any] = loads(folder.record.read_bytes())
    return made
