import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook.errors import UsageError
from runbook.rebuild import choose, steps

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def notebook(name: str, *cells: dict[str, Any], **metadata: object) -> Path:
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"cells": list(cells), "metadata": metadata}))
        return tmp_path

    return notebook


def cell(kind: str, source: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": kind, "source": source.splitlines(keepends=True), "metadata": {"tags": list(tags)}}


def test_steps_run_in_the_order_of_their_numbers(write: Write) -> None:
    for name in ("10_last", "02_second", "00_first"):
        folder = write(name)
    assert [step.name for step in steps(folder)] == ["00_first", "02_second", "10_last"]


def test_what_has_no_number_is_no_step(write: Write) -> None:
    write("00_first")
    assert len(steps(write("scratch"))) == 1


def test_a_step_knows_title_parameters_kernel_and_marks(write: Write) -> None:
    folder = write(
        "06_measure",
        cell("markdown", "# Measure the speed\n\nHow fast it is."),
        cell("code", 'target: str = "local"  # target\nrepetitions: int | None = None  # how often', "parameters"),
        cell("code", "other = 1"),
        runbook={"quiet": True, "rebuild": False},
        kernelspec={"name": "mine"},
    )
    (step,) = steps(folder)
    assert (step.title, step.number, step.parameters) == ("Measure the speed", "06", ("target", "repetitions"))
    assert (step.quiet, step.in_rebuild, step.kernel) == (True, False, "mine")


def test_a_plain_notebook_is_loud_and_in_a_rebuild(write: Write) -> None:
    (step,) = steps(write("00_first"))
    assert (step.title, step.quiet, step.in_rebuild, step.kernel) == ("00_first", False, True, "python3")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 1, "metadata": {}}', '{"cells": [{}], "metadata": {}}'])
def test_a_file_that_is_no_notebook_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "00_first.ipynb").write_text(text)
    with pytest.raises(UsageError, match=r"The notebook 00_first\.ipynb cannot be read"):
        steps(tmp_path)


def test_a_parameters_cell_that_is_no_python_is_named(write: Write) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        steps(write("00_first", cell("code", "target = = 1", "parameters")))


def test_a_folder_without_notebooks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There are no notebooks"):
        steps(tmp_path)


@pytest.mark.parametrize(
    ("only", "first", "chosen"),
    [
        (None, None, ["03", "05", "06"]),
        ("", "", ["03", "05", "06"]),
        ("05,03", None, ["03", "05"]),
        ("5", None, ["05"]),
        (["05_verify"], None, ["05"]),
        (None, "05", ["05", "06"]),
        ("91", None, ["91"]),
        ("03,06", "05", ["06"]),
    ],
)
def test_steps_are_chosen_by_number_or_name(write: Write, only: str, first: str, chosen: list[str]) -> None:
    for name in ("03_apply", "05_verify", "06_measure"):
        write(name)
    folder = write("91_troubleshoot", runbook={"rebuild": False})
    assert [step.number for step in choose(steps(folder), only, first)] == chosen


def test_a_step_that_is_not_there_is_refused_with_those_that_are(write: Write) -> None:
    with pytest.raises(UsageError, match="There is no step 7") as refused:
        choose(steps(write("03_apply")), "7")
    assert refused.value.why == "the steps are 03_apply"
