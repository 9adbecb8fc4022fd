from pathlib import Path

import pytest

from runbook.record.files import sha256, write_atomic


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    write_atomic(file, "old")
    write_atomic(file, "new")
    assert file.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_when_it_cannot_be_written_the_old_content_stays(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    write_atomic(file, "old")
    with pytest.raises(TypeError):
        write_atomic(file, 7)  # type: ignore[arg-type]
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_a_file_may_be_read_by_everyone(tmp_path: Path) -> None:
    write_atomic(tmp_path / "index.html", "page")
    assert (tmp_path / "index.html").stat().st_mode & 0o777 == 0o644


def test_a_digest_is_sha256_in_hexadecimal(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
