import json
import subprocess
import sys
from pathlib import Path

import pytest

from runbook.errors import RecordError
from runbook.record.journal import Journal
from runbook.record.redaction import Redactor
from runbook.record.results import Results

WRITER = """
import sys
from pathlib import Path
from runbook.record.journal import Journal
from runbook.record.results import Results
results = Results(Path(sys.argv[1]) / "results.json", Journal(Path(sys.argv[1]) / "journal.jsonl"))
for number in range(20):
    results.put(sys.argv[2], f"k{number}", number)
"""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results.json", Journal(tmp_path / "journal.jsonl", Redactor(["FAKE-tok-8f31c0de"])))


def test_each_step_keeps_its_results_under_its_own_name(results: Results) -> None:
    results.put("01_hardware", "nodes", 3)
    results.put("06_measure", "nodes", (1, 2))
    assert results.read() == {"01_hardware": {"nodes": 3}, "06_measure": {"nodes": [1, 2]}}


def test_the_last_step_that_has_a_key_is_asked_for_it(results: Results) -> None:
    results.put("06_measure", "models", "new")
    results.put("02_models", "models", "old")
    assert results.find("models") == "new"


def test_a_key_that_nobody_kept_is_not_found(results: Results) -> None:
    with pytest.raises(KeyError):
        results.find("models")


def test_a_figure_that_is_none_keeps_its_reason_until_it_is_known(results: Results) -> None:
    results.put("06_measure", "load", {"seconds": float("inf")})
    results.put("06_measure", "loads", [float("nan")])
    assert results.undefined() == {"06_measure.load.seconds": "infinite", "06_measure.loads[0]": "not a number"}
    results.put("06_measure", "load", {"seconds": 2.0})
    assert results.undefined() == {"06_measure.loads[0]": "not a number"}


def test_the_file_is_strict_json_and_masked(results: Results) -> None:
    results.put("05_verify", "answer", "it said FAKE-tok-8f31c0de")
    text = results.path.read_text()
    assert "NaN" not in text
    assert json.loads(text)["steps"]["05_verify"]["answer"] == "it said [secret]"


def test_a_step_that_starts_again_loses_what_it_kept(results: Results) -> None:
    results.put("01_hardware", "nodes", float("nan"))
    results.put("02_models", "choice", "a")
    results.forget("01_hardware")
    assert results.read() == {"02_models": {"choice": "a"}}
    assert results.undefined() == {}


def test_two_processes_that_write_at_once_lose_nothing(results: Results) -> None:
    folder = str(results.path.parent)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, folder, name]) for name in ("01_a", "02_b")]
    assert [one.wait() for one in writers] == [0, 0]
    assert {name: len(kept) for name, kept in results.read().items()} == {"01_a": 20, "02_b": 20}


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 1}', '{"schema": 1, "steps": {"a": NaN}, "undefined": {}}'])
def test_a_damaged_file_is_said_to_be_damaged(results: Results, text: str) -> None:
    results.path.write_text(text)
    with pytest.raises(RecordError, match="is damaged"):
        results.read()


def test_a_file_of_a_newer_schema_is_refused(results: Results) -> None:
    results.path.write_text('{"schema": 9, "steps": {}, "undefined": {}}')
    with pytest.raises(RecordError, match="schema 9"):
        results.read()
