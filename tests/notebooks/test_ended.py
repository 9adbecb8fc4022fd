"""Runs that are ended from outside, and runs beside each other: the record is true and no process is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from runbook.errors import UsageError
from runbook.record import read_journal

REBUILD = """
import sys
from pathlib import Path
from runbook.parameters import Parameters
from runbook.rebuild import newborn, rebuild

newborn.PRELOADED = ("ipykernel.kernelapp", "ipykernel.ipkernel", "runbook.record")

class Silent:
    def __getattr__(self, name):
        return lambda *arguments: None

root, target = Path(sys.argv[1]), sys.argv[2]
try:
    box = Parameters(target=target, context="box")
    result = rebuild(box, outputs=root / "outputs", progress=Silent(), notebooks=root / "notebooks")
except KeyboardInterrupt:
    sys.exit(130)
sys.exit(0 if result.succeeded else 1)
"""
WORKS = """
from pathlib import Path
import subprocess, time
child = subprocess.Popen(["sleep", "300"])
Path("{}").write_text(str(child.pid))
time.sleep(300)
"""

Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run(target: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", REBUILD, str(tmp_path), target]))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def at_work(book: Any, start: Start, tmp_path: Path) -> subprocess.Popen[bytes]:
    """A rebuild whose kernel, and a program it started, work for minutes."""
    book("01_before")
    book("02_works", WORKS.format(tmp_path / "child"))
    book("03_after")
    process = start("box")
    until((tmp_path / "child").exists)
    return process


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def family(process: subprocess.Popen[bytes], child: Path) -> list[psutil.Process]:
    """The nursery, the kernels and what they started."""
    return [*psutil.Process(process.pid).children(recursive=True), psutil.Process(int(child.read_text()))]


def sockets(processes: list[psutil.Process]) -> Path:
    """The folder of a nursery."""
    (folder,) = {Path(one.cmdline()[-1]) for one in processes if "fork" in one.cmdline()}
    return folder


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def only_folder(tmp_path: Path, target: str = "box") -> Path:
    (folder,) = (path for path in (tmp_path / "outputs" / target).iterdir() if path.is_dir())
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_leaves_no_process(at_work: Any, tmp_path: Path, number: int) -> None:
    processes = family(at_work, tmp_path / "child")
    assert len(processes) >= 3
    at_work.send_signal(number)
    assert at_work.wait(20) == 130
    until(lambda: not alive(processes), 3)
    record = json.loads((only_folder(tmp_path) / "record.json").read_bytes())["predicate"]
    assert record["run"]["verdict"] == "interrupted"
    assert record["run"]["reason"] == "02_works: interrupted in cell 3"
    assert [step["verdict"] for step in record["steps"]] == ["succeeded", "interrupted", "not started"]
    assert "Interrupted" in (only_folder(tmp_path) / "index.html").read_text()


def test_a_run_killed_with_9_leaves_a_valid_journal_and_no_kernel(at_work: Any, tmp_path: Path) -> None:
    processes = family(at_work, tmp_path / "child")
    folder = sockets(processes)
    at_work.kill()
    at_work.wait()
    until(lambda: not alive(processes), 3)
    until(lambda: not folder.exists(), 3)
    history = read_journal(only_folder(tmp_path) / "journal.jsonl")
    assert [history.events[-1].name, history.events[-1].fields["cell"]] == ["cellStarted", 3]
    assert (only_folder(tmp_path) / "notebooks" / "01_before.ipynb").exists()
    assert not (only_folder(tmp_path) / "record.json").exists()


def test_a_kernel_whose_nursery_is_killed_too_ends_by_itself(at_work: Any, tmp_path: Path) -> None:
    processes = family(at_work, tmp_path / "child")
    folder = sockets(processes)
    for one in psutil.Process(at_work.pid).children():
        one.kill()
    at_work.kill()
    at_work.wait()
    kernels = [one for one in processes if one.pid != int((tmp_path / "child").read_text())]
    until(lambda: not alive(kernels), 5)
    # Nobody is left who knows of these.
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    shutil.rmtree(folder)


def test_a_second_run_of_the_target_is_refused_and_the_first_goes_on(
    at_work: Any, tmp_path: Path, execute: Any
) -> None:
    with pytest.raises(UsageError) as refused:
        execute()
    assert refused.value.why.startswith(f"process {at_work.pid}, started 20")
    assert at_work.poll() is None
    assert only_folder(tmp_path)


def test_eight_targets_at_once_are_all_recorded(book: Any, start: Start, tmp_path: Path) -> None:
    book("01_short", "step.result('target', target)")
    targets = [f"box-{number}" for number in range(8)]
    assert [process.wait(90) for process in [start(target) for target in targets]] == [0] * 8
    for target in targets:
        folder = only_folder(tmp_path, target)
        record = json.loads((folder / "record.json").read_bytes())["predicate"]
        history = read_journal(folder / "journal.jsonl")
        assert (record["run"]["verdict"], record["run"]["target"]) == ("succeeded", target)
        assert record["journal"]["chainHead"] == history.head
