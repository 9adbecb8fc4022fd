"""A run killed with -9 at any moment: its journal is a valid prefix, and going on ends where a whole run ends.

`RUNBOOK_KILLS` says how many times (4 without it), `RUNBOOK_SEED` from which moments on.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runbook.errors import RecordError
from runbook.kubernetes import Cluster
from runbook.record import History, read_journal, verify
from tests.cluster import short_run

KILLS = int(os.environ.get("RUNBOOK_KILLS", "4"))
# The mean wait after an event, of the order of the time between two.
LATER_S = 0.03
SEED = int(os.environ.get("RUNBOOK_SEED", "8"))
NAMES = sorted(f"{step.replace('_', '-')}-{letter}" for step in short_run.STEPS for letter in "ab")

State = dict[str, Any]


@dataclass(frozen=True)
class Short:
    """Short runs in one namespace, made by one process."""

    cluster: Cluster
    namespace: str
    server: subprocess.Popen[str]

    def start(self, root: Path, how: str) -> int:
        assert self.server.stdin
        self.server.stdin.write(f"{root} {how}\n")
        self.server.stdin.flush()
        return self._answer()

    def ended(self) -> int:
        return self._answer()

    def finish(self, root: Path, how: str) -> Any:
        self.start(root, how)
        assert self.ended() == 0
        return json.loads((root / "told.json").read_text())

    def _answer(self) -> int:
        assert self.server.stdout
        return int(self.server.stdout.readline())

    def state(self) -> State:
        """Our objects as the cluster holds them: what they are, and which version of which object."""
        found = self.cluster.list("ConfigMap", self.namespace, labels="app.kubernetes.io/managed-by=ollama-runbook")
        return {one["metadata"]["name"]: one for one in found}

    def clear(self) -> None:
        for name in self.state():
            self.cluster.delete("ConfigMap", name, self.namespace)


def meaning(state: State) -> State:
    """What a state says, without which object says it."""
    return {
        name: (one["data"], one["metadata"]["labels"], one["metadata"].get("annotations"))
        for name, one in state.items()
    }


def versions(state: State) -> dict[str, str]:
    return {name: one["metadata"]["uid"] + one["metadata"]["resourceVersion"] for name, one in state.items()}


def runs(root: Path) -> list[Path]:
    return sorted((root / "outputs" / "local").glob("2*"))


def prefix(run: Path) -> History | None:
    """The journal of a killed run; None where it was killed before its first event."""
    with suppress(RecordError):
        return read_journal(run / "journal.jsonl")
    assert not (run / "journal.jsonl").exists()
    return None


def is_over(history: History) -> bool:
    return any(event.name == "runFinished" for event in history.events)


def succeeded(history: History | None) -> list[str]:
    events = history.events if history else ()
    return [one.fields["step"] for one in events if one.name == "stepFinished" and one.fields["outcome"] == "succeeded"]


@pytest.fixture(scope="module")
def short(cluster: Cluster, new_namespace: Any) -> Iterator[Short]:
    namespace = new_namespace()
    command = [sys.executable, short_run.__file__, namespace]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield Short(cluster, namespace, server)


@pytest.fixture(scope="module")
def whole(short: Short, tmp_path_factory: pytest.TempPathFactory) -> tuple[State, int]:
    """What an uninterrupted run leaves in the cluster, and how many events it has."""
    root = tmp_path_factory.mktemp("whole")
    short_run.write_notebooks(root / "notebooks")
    short.finish(root, "run")
    history = prefix(runs(root)[0])
    assert history
    return meaning(short.state()), len(history.events)


def kill(process: int, root: Path, chance: random.Random, events: int) -> None:
    """Kill a run at a random moment: some milliseconds after one of its events, or before the first.

    Moments by the clock alone would nearly all fall into what a busy machine is slow at.
    """
    wanted = chance.randrange(events + 1)
    deadline = time.monotonic() + 120
    while _lines(root) < wanted and not (root / "told.json").exists():
        assert time.monotonic() < deadline, "the run came to a halt"
        time.sleep(0.001)
    time.sleep(chance.expovariate(1 / LATER_S))
    os.kill(process, signal.SIGKILL)


def _lines(root: Path) -> int:
    journals = list((root / "outputs" / "local").glob("2*/journal.jsonl"))
    return journals[0].read_bytes().count(b"\n") if journals else 0


@pytest.mark.timeout(120 + 30 * KILLS)
def test_a_run_killed_at_any_moment_is_a_valid_prefix_and_is_completed(
    short: Short, whole: tuple[State, int], tmp_path: Path
) -> None:
    wanted, events = whole
    assert sorted(wanted) == NAMES
    chance = random.Random(SEED)
    seen = []
    for number in range(KILLS):
        root = tmp_path / str(number)
        short_run.write_notebooks(root / "notebooks")
        short.clear()
        with suppress(ProcessLookupError):
            kill(short.start(root, "run"), root, chance, events)
        assert short.ended() in (0, -signal.SIGKILL)
        seen.append(_completed(short, root, wanted))
    counted = {steps: seen.count(steps) for steps in sorted(set(seen))}
    print(f"{KILLS} kills, seed {SEED}; how often so many steps were proved: {counted}")  # noqa: T201 - for who counts


def _completed(short: Short, root: Path, wanted: State) -> int:
    """Go on with a killed run, and return how many of its steps were proved by it."""
    history = prefix(runs(root)[0]) if runs(root) else None
    if (
        history
        and history.events
        and history.events[-1].name == "runFinished"
        and (runs(root)[0] / "record.json").exists()
    ):
        assert meaning(short.state()) == wanted
        return len(short_run.STEPS)
    if history and history.events:
        assert verify(runs(root)[0]).verdict == "unfinished"
    done = succeeded(history)
    settled = {name: one for name, one in versions(short.state()).items() if name.replace("-", "_")[:-2] in done}
    told = short.finish(root, "resume")
    assert told["verdict"] == "succeeded"
    assert [name for name, how in zip(short_run.STEPS, told["steps"], strict=True) if how == "skipped"] == done
    after = short.state()
    assert meaning(after) == wanted
    assert settled.items() <= versions(after).items()
    assert verify(runs(root)[-1]).verdict == "good"
    return len(done)
