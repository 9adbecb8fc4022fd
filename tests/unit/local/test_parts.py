"""Building the parts: what a build leaves, shares and refuses. The builds are real, with the smallest part."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from runbook.errors import BuildFailed, LocalError
from runbook.local import parts as building
from runbook.local.pins import GO_PARTS, GoPart

ONLY_PAUSE = """
import sys
from runbook.local import parts as building
building.GO_PARTS = tuple(part for part in building.GO_PARTS if part.name == "pause")
building.DEBIAN_PARTS = ()
if len(sys.argv) > 1:
    from runbook.local.go import Go
    original = Go.environment
    Go.environment = lambda *given: {**original(*given), "GOCACHE": sys.argv[1]}
building.build(lambda text: print(text, flush=True))
"""


def part_named(name: str) -> GoPart:
    return next(part for part in GO_PARTS if part.name == name)


def test_a_part_is_built_once_and_then_found(folder: Path, only_pause: GoPart) -> None:
    said: list[str] = []
    first = building.build(said.append)
    assert first.programs["pause"].is_file()
    assert any("about" in line and "GB of disk" in line for line in said), "the cost is said before it begins"
    said.clear()
    assert building.build(said.append).programs == first.programs
    assert said == []


def test_a_built_part_says_what_it_is_and_the_compilers_caches_are_gone(folder: Path, only_pause: GoPart) -> None:
    building.build(print)
    facts = json.loads((folder / "parts" / f"pause-{only_pause.key}" / "part.json").read_text())
    assert facts == {"name": "pause", "key": only_pause.key, "version": "1"}
    assert not (folder / "build").exists()


def test_what_a_killed_build_left_is_removed_and_built_anew(folder: Path, only_pause: GoPart) -> None:
    left = folder / "build" / "part-pause-abc"
    left.mkdir(parents=True)
    (left / "pause").write_text("half")
    assert building.build(print).programs["pause"].stat().st_size > 1000
    assert not left.exists()


def test_two_builds_at_once_share_one_result(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    command = [sys.executable, "-c", ONLY_PAUSE, str(tmp_path_factory.getbasetemp() / "go")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("done in" in text for text in said) == 1
    assert len(list((folder / "parts").iterdir())) == 1


def test_a_full_disk_is_found_before_anything_is_built(
    folder: Path, only_pause: GoPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("runbook.local.parts.shutil.disk_usage", lambda _: usage(10, 10, 0))
    with pytest.raises(LocalError, match="disk is too small") as caught:
        building.build(print)
    assert "are free" in caught.value.why
    assert "XDG_CACHE_HOME" in caught.value.next
    assert not (folder / "parts").exists()


def test_without_any_go_the_message_says_what_installs_it(
    folder: Path, only_pause: GoPart, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    old.chmod(0o755)
    monkeypatch.setattr("runbook.local.go._candidates", lambda: [old])
    with pytest.raises(LocalError, match=r"Go 1\.26\.0 or newer") as caught:
        building.build(print)
    assert "1.19.8" in caught.value.why
    assert "make rebuild" in caught.value.next


def test_without_a_compiler_nothing_is_built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "GO_PARTS", (part_named("pause"), part_named("ollama")))
    monkeypatch.setattr(building, "DEBIAN_PARTS", ())
    monkeypatch.setattr("runbook.local.parts.shutil.which", lambda _: None)
    with pytest.raises(LocalError, match="C\\+\\+ compiler") as caught:
        building.build(print)
    assert "g++" in caught.value.next
    assert not (folder / "parts").exists()


def test_a_module_proxy_that_does_not_answer_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "GO_PARTS", (part_named("etcd"),))
    monkeypatch.setattr(building, "DEBIAN_PARTS", ())
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    with pytest.raises(BuildFailed, match=r"etcd 3\.6\.16 did not build") as caught:
        building.build(print)
    assert "connection refused" in caught.value.why
    assert "proxy did not answer" in caught.value.next


def test_an_interrupted_build_ends_its_compiler_and_goes_on_next_time(
    folder: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    slow = tmp_path / "bin" / "go"
    slow.parent.mkdir()
    slow.write_text(
        f"#!/bin/sh\n[ $1 = version ] && echo go version go1.99.0 linux/amd64 && exit\necho $$ > {tmp_path}/pid\n"
        "exec sleep 300\n"
    )
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen([sys.executable, "-c", ONLY_PAUSE], env=environment, stderr=subprocess.PIPE)
    for _ in range(200):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip():
            break
        time.sleep(0.05)
    compiler = int((tmp_path / "pid").read_text())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    with pytest.raises(ProcessLookupError):
        os.kill(compiler, 0)
    assert not list((folder / "parts").iterdir())
    again = [sys.executable, "-c", ONLY_PAUSE, str(tmp_path_factory.getbasetemp() / "go")]
    done = subprocess.run(again, capture_output=True, text=True, check=True)
    assert "done in" in done.stdout


def test_the_go_from_pypi_is_used_where_the_machine_has_none(
    folder: Path, only_pause: GoPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbook.local.go._candidates", lambda: [Path(sys.prefix) / "bin" / "go"])
    assert building.build(print).programs["pause"].is_file()
