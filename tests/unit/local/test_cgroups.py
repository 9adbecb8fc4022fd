"""Which cgroup hierarchies there are, told from the files of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook.errors import LocalError
from runbook.local import cgroups


def test_the_unified_hierarchy_is_one_place(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert cgroups.is_v2(tmp_path)
    assert cgroups.hierarchies(tmp_path) == [tmp_path]


def test_every_v1_controller_is_a_place_of_its_own(tmp_path: Path) -> None:
    for name in ("cpu", "memory"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "not-a-hierarchy").mkdir()
    assert not cgroups.is_v2(tmp_path)
    assert cgroups.hierarchies(tmp_path) == [tmp_path / "cpu", tmp_path / "memory"]


@pytest.mark.parametrize("unified", [True, False])
def test_a_machine_without_the_memory_controller_is_refused_with_what_it_has(tmp_path: Path, unified: bool) -> None:
    if unified:
        (tmp_path / "cgroup.controllers").write_text("cpuset cpu pids\n")
    else:
        for name in ("cpu", "cpuset", "pids"):
            (tmp_path / name).mkdir()
    with pytest.raises(LocalError, match="memory") as caught:
        cgroups.create("x", tmp_path)
    assert "pids" in caught.value.why


def test_a_unified_hierarchy_without_cpuset_is_enough(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu io memory pids\n")
    cgroups._require_controllers(tmp_path)
