"""The cache of parts: whole or absent, and free of what nobody uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runbook.local.cache import UNUSED_S, Cache


def fill(folder: Path) -> None:
    (folder / "program").write_text("x")


def test_a_part_that_could_not_be_filled_is_not_there(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        Cache(tmp_path).publish("etcd", "a" * 16, {}, fail)
    assert not Cache(tmp_path).part("etcd", "a" * 16).exists()
    assert not list(Cache(tmp_path).work.iterdir())


def test_another_form_of_a_part_goes_when_nobody_used_it_for_two_weeks(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    old, recent, new = ("1" * 16, "2" * 16, "3" * 16)
    for key in (old, recent, new):
        cache.publish("etcd", key, {}, fill)
    stale = tmp_path.stat().st_mtime - UNUSED_S - 60
    os.utime(cache.part("etcd", old) / "part.json", (stale, stale))
    cache.touch("etcd", new)
    assert {path.name for path in cache.parts.iterdir()} == {f"etcd-{recent}", f"etcd-{new}"}


def test_the_part_in_use_stays_however_old_it_is(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.publish("etcd", "1" * 16, {}, fill)
    os.utime(cache.part("etcd", "1" * 16) / "part.json", (1, 1))
    cache.touch("etcd", "1" * 16)
    assert cache.part("etcd", "1" * 16).exists()
