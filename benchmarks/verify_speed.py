"""How fast a run is verified, beside `sha256sum` over the same files: it hashes, and judges nothing.

Two runs are made: one of few large files, as notebooks with pictures are, and one of many events. Both read the same
bytes from the page cache, in turns.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output
from this_machine import machine

from runbook.checks import Check
from runbook.record import Journal, Redactor, Results, RunFolder, read_journal, seal, sha256, verdict, verify

GOAL_MB_PER_S = 200
STEP = "01_look"


def main() -> None:
    """Make the runs, verify each several times, print a table and the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller runs, three times each")
    quick = parser.parse_args().quick
    repeats, pictures, notes = (3, 4, 2_000) if quick else (7, 16, 20_000)
    print(machine())
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, pictures_here, notes_here in (("pictures", pictures, 10), ("events", 0, notes)):
            run = made(Path(folder) / name, pictures_here, notes_here)
            figures |= compared(name, run, repeats)
    goal = {"pictures_mb_per_s": GOAL_MB_PER_S}
    met = figures["pictures_mb_per_s"] >= GOAL_MB_PER_S
    print(json.dumps({"benchmark": "verify_speed", "figures": figures, "goal": goal, "met": met}))


def made(target: Path, pictures: int, notes: int) -> RunFolder:
    """A sealed run whose notebook holds pictures of 8 MB each, with as many pages, and whose journal holds notes."""
    folder = RunFolder.create(target)
    journal = Journal(folder.journal, Redactor())
    journal.append("runStarted", schema=1, run=folder.id, target="box", steps=[STEP])
    Results(folder.results, journal).create()
    journal.append("stepStarted", step=STEP)
    write_notes(journal, notes)
    journal.append("check", step=STEP, phase="verification", check=Check.that("It is so", True, "seen"))
    journal.append("cellFinished", step=STEP, cell=1, id="a", state="ok", seconds=1)
    journal.append("finishReached", step=STEP)
    path = folder.notebooks / f"{STEP}.ipynb"
    nbformat.write(notebook(pictures), path)
    for number in range(pictures):
        (folder.html / f"{number}.html").write_bytes(os.urandom(8_000_000))
    judged = verdict(nbformat.read(path, as_version=4), read_journal(folder.journal).of_step(STEP))
    cells = [{"number": cell.number, "id": cell.id, "state": cell.state} for cell in judged.cells]
    ended = {"outcome": judged.outcome, "reason": judged.reason, "fault": "", "cells": cells}
    journal.append("stepFinished", step=STEP, executed=sha256(path), **ended)
    journal.append("runFinished", verdict="succeeded", reason="", seconds=1)
    seal(folder)
    return folder


def write_notes(journal: Journal, count: int) -> None:
    """Append events without waiting for the disk after each: what is measured is reading them."""
    synchronise, os.fsync = os.fsync, lambda _: None  # type: ignore[assignment]
    try:
        for number in range(count):
            journal.append("note", step=STEP, text=f"remark {number}")
    finally:
        os.fsync = synchronise


def notebook(pictures: int) -> nbformat.NotebookNode:
    """A notebook of one cell that was answered and showed pictures."""
    answered = {"execution": {"shell.execute_reply": "now", "shell.execute_reply.status": "ok"}}
    shown = [
        new_output("display_data", data={"image/png": base64.b64encode(os.urandom(6_000_000)).decode()})
        for _ in range(pictures)
    ]
    cell = new_code_cell("x = 1", metadata=answered, outputs=shown)
    cell["id"] = "a"
    return new_notebook(cells=[cell])


def compared(name: str, run: RunFolder, repeats: int) -> dict[str, float]:
    """Medians of both, in turns."""
    files = [str(path) for path in run.path.rglob("*") if path.is_file()]
    megabytes = sum(Path(path).stat().st_size for path in files) / 1e6
    if verify(run.path).verdict != "good":
        raise SystemExit(f"the run {name} does not verify: {verify(run.path).findings}")
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(timed(lambda: verify(run.path)))
        theirs.append(timed(lambda: subprocess.run(["sha256sum", *files], check=True, capture_output=True)))
    own, peer = statistics.median(ours), statistics.median(theirs)
    print(f"{name:9}{megabytes:>8.1f} MB  verify {own:>6.3f} s{megabytes / own:>7.0f} MB/s", end="")
    print(f"  sha256sum {peer:>6.3f} s{megabytes / peer:>7.0f} MB/s  ratio {own / peer:.2f}")
    return {f"{name}_mb_per_s": round(megabytes / own), f"{name}_ratio": round(own / peer, 2)}


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
