import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from runbook.checks import Check
from runbook.errors import CheckFailed, ParameterError, UsageError
from runbook.parameters import Parameters
from runbook.record import begin, read_journal
from runbook.record.step import Step

GOOD = Check.that("The pod is ready", True, "1 of 1")
BAD = Check.that("The PVC is bound", False, "Pending", "Open 91_troubleshoot, section Storage.")


@dataclass(frozen=True)
class Change:
    kind: str
    name: str
    action: str


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.delenv("RUNBOOK_STEP", raising=False)
    monkeypatch.delenv("RUNBOOK_PARAMETERS", raising=False)
    return tmp_path / "outputs"


@pytest.fixture
def step() -> Step:
    return begin("03_apply", target="local")


def events(step: Step) -> list[tuple[str, dict[str, object]]]:
    found = read_journal(step.folder / "journal.jsonl").of_step(step.name)
    return [(event.name, dict(event.fields)) for event in found]


def test_a_notebook_opened_by_hand_records_in_the_lab(step: Step, outputs: Path) -> None:
    assert step.folder == outputs / "local" / "lab"
    assert events(step)[0][0] == "stepStarted"


def test_without_a_value_of_its_own_a_notebook_takes_the_targets(step: Step) -> None:
    defaults = begin("03_apply", target="local", memory_limit=None, image="ollama/ollama:0.15.6", fallback_models=[])
    assert defaults.parameters == step.parameters
    assert defaults.parameters.image != "ollama/ollama:0.15.6"


def test_a_changed_value_stands_over_the_targets() -> None:
    assert begin("06_measure", target="local", repetitions=2).parameters.repetitions == 2


def test_a_wrong_value_is_refused_and_the_notebook_is_named() -> None:
    with pytest.raises(ParameterError, match="parameters cell of 06_measure"):
        begin("06_measure", target="local", repetitions=0)


def test_in_a_rebuild_the_parameters_are_those_it_validated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Parameters(target="nowhere", context="nowhere", vision_model="moondream")
    monkeypatch.setenv("RUNBOOK_PARAMETERS", given.model_dump_json())
    step = begin("03_apply", target="nowhere", run=str(tmp_path), memory_limit=None)
    assert step.parameters == given
    assert step.folder == tmp_path


def test_in_a_rebuild_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="passes memory, which is no parameter"):
        begin("03_apply", target="local", run=str(tmp_path), memory="6Gi")


def test_a_run_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="There is no run folder ~/old"):
        begin("03_apply", target="local", run="~/old")


def test_a_notebook_that_calls_itself_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_STEP", "03_apply")
    with pytest.raises(UsageError, match="03_apply calls itself '03_aply'"):
        begin("03_aply", target="local")


@pytest.mark.parametrize(("act", "phase"), [(Step.require, "precondition"), (Step.verify, "verification")])
def test_every_check_is_recorded_before_the_failed_one_is_raised(
    step: Step, act: Callable[..., object], phase: str
) -> None:
    with pytest.raises(CheckFailed, match="The PVC is bound"):
        act(step, [BAD], GOOD)
    recorded = [fields for name, fields in events(step) if name == "check"]
    assert [(one["phase"], one["check"]["status"]) for one in recorded] == [(phase, "failed"), (phase, "passed")]  # type: ignore[index]


def test_what_is_read_and_what_is_pulled_is_recorded(step: Step) -> None:
    step.result("nodes", [1, 2])
    later = begin("05_verify", target="local")
    later.read("nodes")
    later.pulled(Change("Model", "gemma3:270m", "pull"))
    (given,) = [fields["digest"] for name, fields in events(step) if name == "result"]
    assert [(name, fields.get("digest")) for name, fields in events(later)][1:] == [("read", given), ("pull", None)]
    assert events(later)[-1][1]["model"] == {"kind": "Model", "name": "gemma3:270m", "action": "pull"}


def test_checks_read_as_lines(step: Step) -> None:
    assert repr(step.verify(GOOD)) == "passed   The pod is ready: 1 of 1"


def test_a_result_is_read_by_a_later_step(step: Step) -> None:
    step.result("rollout", {"seconds": 12.5})
    assert begin("05_verify", target="local").read("rollout") == {"seconds": 12.5}


def test_a_notebook_that_begins_again_forgets_its_results(step: Step) -> None:
    step.result("rollout", 1)
    with pytest.raises(CheckFailed):
        begin("03_apply", target="local").read("rollout")


def test_a_missing_result_names_the_notebook_that_provides_it(
    step: Step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [{"cell_type": "code", "source": ["# measured\n", "step.result('measurements', found)"]}]
    (tmp_path / "06_measure.ipynb").write_text(json.dumps({"cells": cells}))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckFailed) as missing:
        step.read("measurements")
    assert missing.value.next == "Run 06_measure first."


def test_a_change_a_note_and_the_end_are_journaled(step: Step) -> None:
    step.change(Change("Deployment", "ollama", "create"))
    step.note("waited for the node")
    step.finish()
    assert events(step)[1:] == [
        ("change", {"step": "03_apply", "change": {"kind": "Deployment", "name": "ollama", "action": "create"}}),
        ("note", {"step": "03_apply", "text": "waited for the node"}),
        ("finishReached", {"step": "03_apply"}),
    ]
