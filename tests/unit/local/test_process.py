"""Which process is the cluster's: a number in a file proves nothing after a reboot."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from runbook.local import process
from runbook.local.layout import Layout


def test_a_process_is_the_supervisor_only_if_it_started_when_the_file_says(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    me = psutil.Process()
    layout.write("process.json", {"pid": me.pid, "started_at": me.create_time()})
    assert process.find(layout) == me


@pytest.mark.parametrize(
    "recorded",
    [
        {"pid": os.getpid(), "started_at": 1.0},
        {"pid": 2**22 + 1, "started_at": 1.0},
        {"pid": "many", "started_at": "long ago"},
        {"pid": os.getpid()},
        {},
    ],
    ids=["another process has its number", "no process has", "nonsense", "half", "empty"],
)
def test_what_a_reboot_left_is_not_taken_for_a_running_cluster(tmp_path: Path, recorded: dict[str, object]) -> None:
    layout = Layout(tmp_path)
    layout.write("process.json", recorded)
    assert process.find(layout) is None


def test_a_second_command_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    from filelock import FileLock

    layout = Layout(tmp_path)
    first = FileLock(layout.path("lock"))
    first.acquire()
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        first.release()

    with process.alone(layout, say):
        pass
    assert "waiting for it" in said[0]
