import logging
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.translators import PythonTranslator, papermill_translators

from runbook.parameters import Parameters
from runbook.parameters_cell import cell_line, disagreements, read_cell, teach_papermill

PROPER = """\
target: str = "local"  # which target, a file in targets/
run: str = ""  # folder of the run; empty for the lab's own
memory_limit: str | None = None  # memory limit of the pod; None takes the target's
output_schema: "Literal['structured', 'json', 'plain'] | None" = None  # form of the answer, plain = no schema
environment: dict[str, str] | None = {  # environment of Ollama
    "OLLAMA_DEBUG": "1",
    "A": "b=c",
}  # environment variables of Ollama
fallback_models: tuple[str, ...] | None = (
    "gemma3:1b",  # small
    "qwen3:0.6b",
)  # further models to pull
context_length: (
    int | None
) = None  # context in tokens
"""


@pytest.fixture
def taught():
    before = papermill_translators.find_translator("python3", "python")
    teach_papermill()
    yield
    papermill_translators.register("python", before)


@pytest.fixture
def warnings(monkeypatch):
    """What papermill logs as a warning."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = Listener(level=logging.WARNING)
    logger = logging.getLogger("papermill")
    logger.addHandler(listener)
    yield said
    logger.removeHandler(listener)


def notebook(folder: Path, source: str) -> Path:
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel}), path)
    return path


def inject(path: Path, parameters: dict[str, Any]) -> str:
    """The cell that papermill injects."""
    filled = papermill.execute_notebook(path, None, parameters=parameters, prepare_only=True)
    return str(next(cell.source for cell in filled.cells if "injected-parameters" in cell.metadata.tags))


EVERY = {
    "target": "home", "run": "r", "memory_limit": "8Gi", "output_schema": "json", "environment": {"A": "1"},
    "fallback_models": ("a", "b"), "context_length": 4096,
}  # fmt: skip


@pytest.mark.usefixtures("taught")
def test_properly_annotated_parameters_draw_no_warning(tmp_path, warnings):
    path = notebook(tmp_path, PROPER)
    papermill.inspect_notebook(path)
    inject(path, EVERY)
    assert warnings == []


def test_papermill_untaught_would_warn(tmp_path, warnings):
    assert papermill_translators.find_translator("python3", "python") is PythonTranslator
    inject(notebook(tmp_path, PROPER), EVERY)
    assert "Passed unknown parameter: memory_limit" in warnings


@pytest.mark.usefixtures("taught")
def test_an_unknown_parameter_still_draws_a_warning(tmp_path, warnings):
    inject(notebook(tmp_path, PROPER), {"memroy_limit": "8Gi"})
    assert warnings == ["Passed unknown parameter: memroy_limit"]


@pytest.mark.usefixtures("taught")
def test_the_help_of_a_notebook_has_every_parameter_with_type_default_and_meaning(tmp_path):
    found = papermill.inspect_notebook(notebook(tmp_path, PROPER))
    assert list(found) == list(EVERY)
    assert found["memory_limit"] == {
        "name": "memory_limit",
        "inferred_type_name": "str | None",
        "default": "None",
        "help": "memory limit of the pod; None takes the target's",
    }
    assert found["output_schema"]["inferred_type_name"] == "Literal['structured', 'json', 'plain'] | None"
    assert found["environment"]["help"] == "environment variables of Ollama"


@pytest.mark.usefixtures("taught")
def test_what_is_injected_is_what_was_given(tmp_path):
    values: dict[str, Any] = {}
    exec(inject(notebook(tmp_path, PROPER), EVERY), values)  # noqa: S102
    assert {name: values[name] for name in EVERY} == EVERY


@pytest.mark.usefixtures("taught")
def test_a_cell_that_is_not_python_is_left_to_papermill(tmp_path):
    assert list(papermill.inspect_notebook(notebook(tmp_path, "x = 1  # one\n!ls\n"))) == ["x"]


def test_a_cell_of_every_parameter_runs_and_agrees():
    source = "".join(cell_line(name) + "\n" for name in Parameters.model_fields)
    values: dict[str, Any] = {}
    exec(source, values)  # noqa: S102
    assert disagreements(source) == ()
    assert {values[name] for name in Parameters.model_fields} == {None}


def test_a_line_says_the_unit_of_a_number():
    assert cell_line("rollout_timeout_s") == (
        "rollout_timeout_s: float | None = None  # longest wait for the rollout, in seconds; None takes the target's"
    )


@pytest.mark.parametrize(
    "source",
    [
        "",
        PROPER,
        "vision_model: str | None = None  # model that tags images",
        "vision_model: None | str = None  # model that tags images",
        "fallback_models: list[str] = []  # further models",
        "repetitions: int = 3  # repetitions",
        "memory_limit = None  # type: str|None memory limit of the pod",
    ],
)
def test_a_good_cell_has_no_disagreements(source):
    assert disagreements(source) == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("memroy_limit: str = '1Gi'  # x", "memroy_limit is no parameter; the nearest is memory_limit"),
        ("memory_limit: int = 1  # x", "memory_limit is annotated int, expected str"),
        ("memory_limit = None  # x", "memory_limit is annotated not at all"),
        ("memory_limit: 'str |' = None  # x", "expected str"),
        ("memory_limit: str = None", "memory_limit has no comment"),
        ("memory_limit: str = str(6)  # x", "the default of memory_limit is not a literal: str(6)"),
        ("import os", "is no parameter"),
        ("memory_limit: str", "is no parameter"),
        ("for", "the cell is not Python"),
        ("x = '''", "the cell is not Python"),
    ],
)
def test_a_cell_that_does_not_fit_the_parameters_says_why(line, said):
    (problem,) = disagreements(f"target: str = 'local'  # which\n{line}\n")
    assert said in problem


def test_a_notebook_may_have_parameters_of_its_own():
    line = "remove: bool = False  # whether to remove it"
    assert "remove is no parameter" in disagreements(line)[0]
    assert disagreements(line, own=("remove",)) == ()


def test_a_disagreement_names_its_line():
    assert disagreements("\nimport os\n") == ("line 2: is no parameter",)


def test_a_comment_behind_the_first_line_of_a_long_value_counts_when_the_last_has_none():
    (item,) = read_cell("environment: dict[str, str] = {  # of Ollama\n}")
    assert (item.meaning, item.default) == ("of Ollama", "{  # of Ollama\n}")
