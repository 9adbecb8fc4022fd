"""Ready-made parts: found at any depth, and believed only when they print the pinned version."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook.errors import LocalError
from runbook.local.pins import GO_PARTS
from runbook.local.prepared import check_version, find_program, prepared_folder

ETCD = next(part for part in GO_PARTS if part.name == "etcd")


def program(path: Path, prints: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_an_unpacked_release_archive_is_used_as_it_is(tmp_path: Path) -> None:
    wanted = program(tmp_path / "etcd-v3.6.16-linux-amd64" / "etcd", "etcd Version: 3.6.16")
    assert find_program(tmp_path, "etcd") == wanted
    check_version(ETCD, wanted)


@pytest.mark.parametrize("printed", ["etcd Version: 3.6.1", "etcd Version: 3.6.160", "etcd Version: 13.6.16", ""])
def test_another_version_is_refused_with_the_file_and_both_versions(tmp_path: Path, printed: str) -> None:
    wrong = program(tmp_path / "etcd", printed)
    with pytest.raises(LocalError, match=r"is not etcd 3\.6\.16") as caught:
        check_version(ETCD, wrong)
    assert (printed or "nothing") in caught.value.why


def test_a_program_that_does_not_run_here_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "etcd"
    broken.write_bytes(b"\x7fELF not really")
    broken.chmod(0o755)
    with pytest.raises(LocalError):
        check_version(ETCD, broken)


def test_a_file_that_may_not_run_is_not_a_program(tmp_path: Path) -> None:
    (tmp_path / "etcd").write_text("notes about etcd")
    assert find_program(tmp_path, "etcd") is None


def test_a_folder_that_does_not_exist_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RUNBOOK_LOCAL_PARTS", str(tmp_path / "absent"))
    with pytest.raises(LocalError, match="is not a folder"):
        prepared_folder()
