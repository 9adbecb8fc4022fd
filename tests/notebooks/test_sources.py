"""The stored notebooks: valid, clean, of one shape, and in step with the package that they call."""

import ast
import importlib
import itertools
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

import runbook
from runbook.kubernetes import SECTIONS
from runbook.parameters_cell import OWN, disagreements, own_parameters, read_cell

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = (
    "00_start_here",
    "01_hardware",
    "02_model_selection",
    "03_apply",
    "04_pull",
    "05_verify",
    "06_measure",
    "07_report",
    "90_rollback",
    "91_troubleshoot",
    "92_practice",
)
CLEAN = "run scripts/clean_notebooks"
HEADINGS = ("Parameters", "Preconditions", "Verify", "Result", "Exercises", "Where to go next")
OPERATION = "| Changes | Undo | Needs | Takes |"
LONGEST_CELL = 8
# What a window of 1,250 pixels shows of a cell without scrolling, its comment aside.
LONGEST_LINE = 106
# Names that only JupyterLab gives: eight hexadecimal digits say nothing in a record.
MADE_UP_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){0,4}")

every_notebook = pytest.mark.parametrize("name", NAMES)


def path(name: str) -> Path:
    return NOTEBOOKS / f"{name}.ipynb"


@cache
def stored(name: str) -> Any:
    return nbformat.reads(path(name).read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)


def cells(name: str, kind: str) -> list[Any]:
    return [cell for cell in stored(name).cells if cell.cell_type == kind]


def prose(name: str) -> str:
    return "\n\n".join(cell.source for cell in cells(name, "markdown"))


def code(name: str) -> ast.Module:
    return ast.parse("\n".join(cell.source for cell in cells(name, "code")))


def parameters_cell(name: str) -> str:
    (found,) = [cell for cell in cells(name, "code") if "parameters" in cell.metadata.get("tags", ())]
    return str(found.source)


def headings(name: str, level: int) -> list[str]:
    return re.findall(rf"^#{{{level}}} (.+)$", prose(name), re.MULTILINE)


def test_the_notebooks_are_the_ones_that_the_map_names() -> None:
    assert tuple(sorted(one.stem for one in NOTEBOOKS.glob("*.ipynb"))) == NAMES
    linked = set(re.findall(r"\]\((\w+)\.ipynb", prose("00_start_here")))
    assert linked == set(NAMES) - {"00_start_here"}


@every_notebook
def test_a_notebook_is_valid_in_the_current_format(name: str) -> None:
    notebook = stored(name)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    nbformat.validate(notebook)


@every_notebook
def test_a_notebook_holds_no_outputs_and_no_counts(name: str) -> None:
    for cell in cells(name, "code"):
        assert cell.outputs == [], f"{name}, cell {cell.id}: {CLEAN}"
        assert cell.execution_count is None, f"{name}, cell {cell.id}: {CLEAN}"


@every_notebook
def test_a_notebook_holds_only_metadata_that_means_something(name: str) -> None:
    notebook = stored(name)
    assert set(notebook.metadata) <= {"kernelspec", "runbook"}, CLEAN
    assert notebook.metadata.kernelspec == {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert set(notebook.metadata.get("runbook", {})) <= {"quiet", "rebuild"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}, f"{name}, cell {cell.id}: {CLEAN}"
        assert set(cell.metadata.get("tags", ())) <= {"parameters", "exercise"}


@every_notebook
def test_a_notebook_is_stored_in_the_one_form(name: str) -> None:
    text = path(name).read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n", CLEAN


@every_notebook
def test_cells_have_names_of_their_own(name: str) -> None:
    ids = [cell.id for cell in stored(name).cells]
    assert len(ids) == len(set(ids))
    for one in ids:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", one), one
        assert not MADE_UP_ID.fullmatch(one), f"{name}: give the cell {one} a name that says what it holds"


@every_notebook
def test_a_notebook_opens_with_its_title_and_what_it_does(name: str) -> None:
    title, operation = stored(name).cells[:2]
    lines = [line for line in title.source.splitlines() if line]
    assert lines[0].startswith("# ")
    assert len(lines) == 2, "a heading and one sentence"
    assert lines[1].count(". ") == 0, "a heading and one sentence"
    assert operation.source.splitlines()[0] == OPERATION
    assert len(headings(name, 1)) == 1


@every_notebook
def test_a_notebook_has_every_part_of_the_skeleton_in_order(name: str) -> None:
    found = [one for one in headings(name, 2) if one in HEADINGS]
    assert tuple(found) == HEADINGS


@every_notebook
def test_a_notebook_begins_its_record_and_ends_it(name: str) -> None:
    source = ast.unparse(code(name))
    assert f"record.begin('{name}', target=target, run=run" in source
    assert "step.verify(" in source
    ends = [cell.id for cell in cells(name, "code") if "step.finish()" in cell.source]
    assert len(ends) == 1


@every_notebook
def test_the_parameters_come_first_and_agree_with_the_package(name: str) -> None:
    first = cells(name, "code")[0]
    assert first.metadata.tags == ["parameters"]
    assert not disagreements(parameters_cell(name), own=own_parameters(name))
    names = [item.name for item in read_cell(parameters_cell(name))]
    assert names[:2] == list(OWN)
    for item in read_cell(parameters_cell(name)):
        assert "=" not in item.meaning, f"papermill takes what follows for a default: {item.meaning}"


@every_notebook
def test_every_parameter_of_a_target_is_handed_to_the_record(name: str) -> None:
    further = set(own_parameters(name)) - set(OWN)
    declared = {item.name for item in read_cell(parameters_cell(name))} - further
    (call,) = [
        node for node in ast.walk(code(name)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "record.begin"
    ]
    handed = {keyword.arg for keyword in call.keywords if ast.unparse(keyword.value) == keyword.arg}
    assert handed == declared


@pytest.fixture
def taught() -> Iterator[None]:
    """A papermill that reads parameters cells as Python, until the test ends."""
    from papermill.translators import papermill_translators

    from runbook.parameters_cell import teach_papermill

    before = papermill_translators.find_translator("python3", "python")
    teach_papermill()
    yield
    papermill_translators.register("python", before)


@pytest.mark.usefixtures("taught")
@every_notebook
def test_papermill_takes_the_parameters_without_a_warning(name: str, caplog: pytest.LogCaptureFixture) -> None:
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    values = dict.fromkeys([item.name for item in read_cell(parameters_cell(name))])
    with caplog.at_level("WARNING"):
        parameterize_notebook(load_notebook_node(str(path(name))), values)
    assert not caplog.records


@every_notebook
def test_links_between_notebooks_lead_somewhere(name: str) -> None:
    for other, section in re.findall(r"\]\((?:([\w./]+)\.ipynb)?(?:#([\w-]+))?\)", prose(name)):
        assert (other or name) in NAMES, f"{name} links to {other}"
        if section:
            anchors = {one.replace(" ", "-") for one in headings(other or name, 2)}
            assert section in anchors, f"{name} links to {other}#{section}"


def test_every_section_that_an_error_names_exists_in_troubleshoot() -> None:
    sources = (one.read_text(encoding="utf-8") for one in Path(runbook.__file__).parent.rglob("*.py"))
    named = {match for source in sources for match in re.findall(r"91_troubleshoot, section ([A-Z]\w+)", source)}
    assert named, "the pattern of the hints has changed"
    assert set(SECTIONS) | named <= set(headings("91_troubleshoot", 2))


def test_every_section_of_troubleshoot_can_be_seen() -> None:
    followed = {}
    listed = stored("91_troubleshoot").cells
    for cell, after in itertools.pairwise(listed):
        for heading in re.findall(r"^## (.+)$", cell.source, re.MULTILINE):
            followed[heading] = after
    for section in SECTIONS:
        assert followed[section].cell_type == "code", f"the section {section} shows nothing"


@every_notebook
def test_no_cell_stands_without_prose_before_it(name: str) -> None:
    listed = stored(name).cells
    for before, cell in itertools.pairwise(listed):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown", f"{name}, cell {cell.id}"
            assert before.source.rstrip().endswith((":", ".", "|")), f"{name}, cell {before.id} ends in no sentence"


@every_notebook
def test_cells_are_short_and_define_nothing(name: str) -> None:
    for cell in cells(name, "code"):
        lines = cell.source.splitlines()
        assert len(lines) <= LONGEST_CELL, f"{name}, cell {cell.id}"
        assert max(len(line.partition("  # ")[0]) for line in lines) <= LONGEST_LINE, f"{name}, cell {cell.id}"
    defined = [node for node in ast.walk(code(name)) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)]
    assert not defined


@every_notebook
def test_the_prose_is_plain(name: str) -> None:
    words = re.sub(r"`[^`]*`", "", prose(name))
    assert "!" not in words
    assert not re.search("[\u2600-\u27bf\U0001f300-\U0001faff]", words)


@every_notebook
def test_a_notebook_uses_only_what_the_rooms_offer(name: str) -> None:
    tree = code(name)
    rooms = dict(_rooms(tree))
    assert "record" in rooms
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in rooms:
            offered = rooms[node.value.id].__all__
            assert node.attr in offered, f"{name}: {node.value.id} offers no {node.attr}"


@every_notebook
def test_a_notebook_imports_from_rooms_and_not_from_their_modules(name: str) -> None:
    for node in ast.walk(code(name)):
        if isinstance(node, ast.Import):
            assert all(not alias.name.startswith("runbook") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("runbook."):
            assert (node.module or "").count(".") == 1, f"{name} imports from {node.module}"


def _rooms(tree: ast.Module) -> Iterator[tuple[str, ModuleType]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "runbook":
            for alias in node.names:
                yield alias.asname or alias.name, importlib.import_module(f"runbook.{alias.name}")
