import os
from pathlib import Path

import pytest

from runbook.archive import find_run
from runbook.errors import UsageError

from .conftest import MakeRun, run_name


def test_a_run_is_found_by_its_path_its_name_or_a_part_of_it(outputs: Path, make_run: MakeRun) -> None:
    run = make_run(7)
    make_run(8)
    for text in (str(run.path), os.path.relpath(run.path), run_name(7), f"homelab/{run_name(7)}", "-0007"):
        assert find_run(text, outputs).path == run.path, text


def test_latest_and_previous_are_of_one_target(outputs: Path, make_run: MakeRun) -> None:
    for number in (1, 2, 3):
        make_run(number)
    assert find_run("latest", outputs).id == run_name(3)
    assert find_run("previous", outputs).id == run_name(2)
    make_run(4, target="other")
    with pytest.raises(UsageError, match="may be a run of homelab, other"):
        find_run("latest", outputs)
    assert find_run("homelab/latest", outputs).id == run_name(3)
    assert find_run("other/latest", outputs).id == run_name(4)


def test_a_removed_or_unreadable_run_is_not_the_latest(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    (outputs / "homelab" / run_name(9)).mkdir()
    assert find_run("latest", outputs).id == run_name(1)


@pytest.mark.parametrize("text", ["nowhere", "homelab/previous", "0001 ", "", "/", "other/latest", "\0"])
def test_what_is_no_run_is_refused_with_the_newest(outputs: Path, make_run: MakeRun, text: str) -> None:
    make_run(1)
    with pytest.raises(UsageError, match="There is no run"):
        find_run(text, outputs)


def test_a_part_that_fits_several_is_refused_with_their_names(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    make_run(2)
    with pytest.raises(UsageError, match="any of 2 runs"):
        find_run("202611", outputs)
