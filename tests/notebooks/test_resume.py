"""Going on with a run that did not succeed: what is proved is skipped, and anything else runs."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runbook.checks import Check
from runbook.commands.rebuild_report import in_words
from runbook.errors import UsageError
from runbook.parameters import Parameters
from runbook.rebuild import RunResult, steps
from runbook.rebuild.holding import HOLDING, Scene
from runbook.record import Event, loads, read_journal

pytestmark = pytest.mark.usefixtures("few_imports")

FAILS_ONCE = """
from pathlib import Path
mark = Path("../mark")
ran = mark.exists()
mark.touch()
step.verify(Check.that("It ran before", ran, "no mark"))"""
GIVES = "import math\nstep.result('nodes', {'count': 3, 'load': math.nan})"
READS = "step.result('sum', step.read('nodes')['count'] + 1)"


def package_of(digit: str) -> dict[str, Any]:
    return {"name": "runbook", "digest": {"sha256": digit * 64}}


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> Any:
    """This package, which nobody edits meanwhile unless the test does."""

    def set_digest(digit: str) -> None:
        monkeypatch.setattr("runbook.record.facts.package_digest", lambda: package_of(digit))

    set_digest("0")
    return set_digest


def holds(scene: Scene) -> Check:
    return Check.that("It is still there", True, "seen")


def gone(scene: Scene) -> Check:
    return Check.that("It is still there", False, "the pod is gone")


FEW = ("ipykernel.kernelapp", "ipykernel.ipkernel", "runbook.record")
ALL_HOLD = dict.fromkeys(("01_gives", "02_reads", "03_fails_once"), holds)


@pytest.fixture(scope="module")
def failed_once(make_bench: Any, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run whose third step failed, and would not fail again."""
    bench = make_bench(tmp_path_factory.mktemp("failed"))
    bench.book("01_gives", GIVES)
    bench.book("02_reads", READS)
    bench.book("03_fails_once", FAILS_ONCE)
    bench.book("04_last")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runbook.rebuild.newborn.PRELOADED", FEW)
        patch.setattr(
            "runbook.record.facts.package_digest", lambda: {"name": "runbook", "digest": {"sha256": "0" * 64}}
        )
        result: RunResult = bench.execute(holding=ALL_HOLD)
    assert outcomes(result) == ["succeeded", "succeeded", "failed", "not started"]
    return result


@pytest.fixture
def failed(failed_once: RunResult, bench: Any) -> RunResult:
    """The same, in folders that the test may change."""
    root = failed_once.folder.parents[2]
    shutil.copytree(root, bench.root, dirs_exist_ok=True)
    return replace(failed_once, folder=bench.root / failed_once.folder.relative_to(root))


def outcomes(result: RunResult) -> list[str]:
    return [step.verdict.outcome for step in result.steps]


def events(result: RunResult, name: str) -> list[Event]:
    return [event for event in read_journal(result.folder / "journal.jsonl").events if event.name == name]


def results(result: RunResult) -> Any:
    return loads((result.folder / "results.json").read_bytes())


def test_what_succeeded_is_skipped_with_its_proof_and_the_rest_runs(bench: Any, failed: RunResult) -> None:
    before = {path: path.read_bytes() for path in failed.folder.rglob("*") if path.is_file()}
    resumed = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(resumed) == ["skipped", "skipped", "succeeded", "succeeded"]
    assert resumed.succeeded
    assert resumed.reason == ""
    finished = {event.fields["step"]: event for event in events(failed, "stepFinished")}
    for event in events(resumed, "stepSkipped"):
        proof = finished[event.fields["step"]]
        assert event.fields["receipt"] == {
            "run": failed.folder.name,
            "event": {"number": proof.number, "digest": proof.digest},
            "finishedAt": proof.at,
        }
    assert events(resumed, "runStarted")[0].fields["resumes"] == failed.folder.name
    assert {path: path.read_bytes() for path in failed.folder.rglob("*") if path.is_file()} == before


def test_the_results_of_a_skipped_step_are_taken_over_with_where_they_come_from(bench: Any, failed: RunResult) -> None:
    resumed = bench.execute(resume=True, holding=ALL_HOLD)
    assert results(resumed)["steps"]["01_gives"] == {"nodes": {"count": 3, "load": None}}
    assert results(resumed)["undefined"] == {"01_gives.nodes.load": "not a number"}
    assert results(resumed)["carried"]["01_gives"]["run"] == failed.folder.name


def test_index_guide_record_and_progress_name_the_run_that_proves_a_step(bench: Any, failed: RunResult) -> None:
    resumed = bench.execute(resume=True, holding=ALL_HOLD)
    words = f"skipped, proved by run {failed.folder.name}"
    assert f"said 01_gives: {words}" in bench.told.lines
    page = resumed.index.read_text()
    assert re.sub(r"<[^>]+>", "", page).count(f"Skipped, proved by run {failed.folder.name}") == 2
    assert any(line.endswith(f"{failed.folder.name}: 01_gives, 02_reads") for line in in_words(resumed))
    assert f'href="../{failed.folder.name}/html/01_gives.html"' in page
    assert words in (resumed.folder / "rebuild.md").read_text()
    steps = json.loads((resumed.folder / "record.json").read_bytes())["predicate"]["steps"]
    assert [step["verdict"] for step in steps] == ["skipped", "skipped", "succeeded", "succeeded"]
    assert steps[0]["reason"] == f"proved by run {failed.folder.name}"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda bench: bench.book("01_gives", GIVES, "print('more')"), "its notebook changed"),
        (lambda bench: setattr(bench, "parameters", _more(bench.parameters)), "the parameters changed: repetitions"),
    ],
)
def test_a_step_whose_inputs_changed_runs_again_and_says_why(
    bench: Any, failed: RunResult, change: Any, why: str
) -> None:
    change(bench)
    resumed = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(resumed)[0] == "succeeded"
    assert f"said 01_gives: runs again: {why}" in bench.told.lines
    assert events(resumed, "stepStarted")[0].fields["because"] == why


def test_another_version_of_the_package_proves_nothing(bench: Any, failed: RunResult, package: Any) -> None:
    package("1")
    bench.execute(resume=True, holding=ALL_HOLD)
    assert "said 01_gives: runs again: the package runbook changed" in bench.told.lines


def _more(parameters: Parameters) -> Parameters:
    return parameters.model_copy(update={"repetitions": 9})


def test_a_step_runs_again_when_what_it_read_is_no_longer_the_same(bench: Any, failed: RunResult) -> None:
    bench.book("01_gives", GIVES.replace("3", "4"))
    resumed = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(resumed)[:2] == ["succeeded", "succeeded"]
    assert "said 02_reads: runs again: what it reads changed: nodes" in bench.told.lines
    assert results(resumed)["steps"]["02_reads"] == {"sum": 5}


def test_a_step_runs_again_when_what_it_left_is_gone(bench: Any, failed: RunResult) -> None:
    resumed = bench.execute(resume=True, holding={**ALL_HOLD, "02_reads": gone})
    assert outcomes(resumed)[:2] == ["skipped", "succeeded"]
    said = "said 02_reads: runs again: It is still there: no longer so: the pod is gone"
    assert said in bench.told.lines


def test_a_step_that_nothing_can_be_asked_about_always_runs(bench: Any, failed: RunResult) -> None:
    resumed = bench.execute(resume=True, holding={"01_gives": holds})
    assert outcomes(resumed) == ["skipped", "succeeded", "succeeded", "succeeded"]


def test_a_result_that_was_altered_proves_nothing(bench: Any, failed: RunResult) -> None:
    file = failed.folder / "results.json"
    file.write_text(file.read_text().replace('"count": 3', '"count": 30'))
    resumed = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(resumed)[0] == "succeeded"
    assert results(resumed)["steps"]["01_gives"]["nodes"]["count"] == 3


def test_another_cluster_proves_nothing(bench: Any) -> None:
    def cluster(uid: str) -> Any:
        return SimpleNamespace(context="c", server="s", uid=uid, version="v1")

    bench.book("01_gives", GIVES)
    bench.book("02_reads", "assert False")
    bench.execute(cluster=cluster("one"), holding=ALL_HOLD)
    resumed = bench.execute(cluster=cluster("other"), resume=True, holding=ALL_HOLD)
    assert outcomes(resumed)[0] == "succeeded"
    assert "said 01_gives: runs again: it was another cluster" in bench.told.lines


def test_a_run_can_be_gone_on_with_again_and_the_first_run_stays_the_proof(
    bench: Any, failed: RunResult, tmp_path: Path
) -> None:
    (tmp_path / "mark").unlink()
    second = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(second) == ["skipped", "skipped", "failed", "not started"]
    third = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(third) == ["skipped", "skipped", "succeeded", "succeeded"]
    assert {step.proved_by for step in third.steps[:2]} == {failed.folder.name}


def test_without_the_run_that_proves_it_a_step_runs(bench: Any, failed: RunResult, tmp_path: Path) -> None:
    (tmp_path / "mark").unlink()
    bench.execute(resume=True, holding=ALL_HOLD)
    shutil.rmtree(failed.folder)
    third = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(third) == ["succeeded", "succeeded", "succeeded", "succeeded"]


def test_only_one_step_finds_the_results_of_those_before_it_in_earlier_runs(bench: Any, failed: RunResult) -> None:
    alone = bench.execute(only="02", holding=ALL_HOLD)
    assert outcomes(alone) == ["skipped", "succeeded", "not selected", "not selected"]
    assert results(alone)["steps"]["02_reads"] == {"sum": 4}


def test_from_a_step_takes_over_what_holds_and_a_stale_result_is_not_taken_over(bench: Any, failed: RunResult) -> None:
    begun = bench.execute(first="02", holding={**ALL_HOLD, "01_gives": gone})
    assert outcomes(begun)[0] == "not selected"
    assert "There is no result `nodes` yet" in begun.reason
    assert any("01_gives: its earlier results are not taken over" in line for line in bench.told.lines)


def test_without_resume_everything_runs(bench: Any, failed: RunResult) -> None:
    assert outcomes(bench.execute(holding=ALL_HOLD)) == ["succeeded"] * 4


def test_a_run_that_succeeded_leaves_nothing_to_go_on_with(bench: Any) -> None:
    bench.book("01_gives", GIVES)
    done = bench.execute()
    with pytest.raises(UsageError, match=f"nothing to go on with: run {done.folder.name} .* succeeded"):
        bench.execute(resume=True)
    assert len([path for path in done.folder.parent.iterdir() if path.is_dir()]) == 1


def test_without_a_run_there_is_nothing_to_go_on_with(bench: Any) -> None:
    bench.book("01_gives", GIVES)
    with pytest.raises(UsageError, match="Target box has no run to go on with"):
        bench.execute(resume=True)


def test_a_run_whose_journal_is_damaged_is_not_gone_on_with(bench: Any, failed: RunResult) -> None:
    journal = failed.folder / "journal.jsonl"
    journal.write_text(journal.read_text().replace("Gives", "Takes", 1))
    with pytest.raises(UsageError, match="cannot be gone on with"):
        bench.execute(resume=True, holding=ALL_HOLD)


def test_the_resumed_run_has_the_steps_that_the_earlier_one_was_to_run(bench: Any, failed: RunResult) -> None:
    bench.execute(only="02,03", holding={"01_gives": gone})
    resumed = bench.execute(resume=True, holding=ALL_HOLD)
    assert outcomes(resumed)[3] == "not selected"
    assert resumed.succeeded


def test_every_step_but_those_that_tell_of_the_present_may_be_skipped() -> None:
    names = {step.name for step in steps()}
    assert set(HOLDING) == {name for name in names if name < "07"}
