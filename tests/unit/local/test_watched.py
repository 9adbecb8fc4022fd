"""Programs that take long: heard from, and ended with us."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook.local import watched


def test_a_silent_program_is_heard_from_with_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "HEARTBEAT_S", 0.2)
    said: list[str] = []
    status = watched.run_watched(
        ["sh", "-c", "echo compiling; sleep 1; exit 3"], label="part", log=tmp_path / "log", progress=said.append
    )
    assert status == 3
    assert said[0].startswith("part: 0 s")
    assert said[0].endswith("compiling")


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3725, "62 min 05 s")])
def test_a_duration_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert watched.elapsed(seconds) == text


def test_the_end_of_a_huge_log_is_read_without_the_rest(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 1_000_000 + b"\nlast\n\n")
    assert watched.last_lines(log, 1) == ["last"]
