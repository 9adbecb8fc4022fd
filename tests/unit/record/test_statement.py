from pathlib import Path

import pytest

from runbook.checks import Check
from runbook.record import Journal, Redactor, Results, RunFolder, loads, read_journal, seal, sha256, statement


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder.create(tmp_path / "homelab")
    journal = Journal(made.journal, Redactor(["FAKE-tok-8f31c0de"]))
    journal.append("runStarted", run=made.id, target="homelab", steps=["03_apply", "04_pull"], actor="uid 7")
    journal.append("stepStarted", step="03_apply")
    journal.append("check", step="03_apply", phase="verification", check=Check.that("so", True, "FAKE-tok-8f31c0de"))
    journal.append("change", step="03_apply", change={"kind": "Service", "action": "create"})
    journal.append("stepFinished", step="03_apply", outcome="failed", reason="no", seconds=1.5, cells=[])
    results = Results(made.results, journal)
    results.put("01_hardware", "hardware", {"nodes": [{"name": "a"}]})
    results.put("03_apply", "rollout", {"image": "ollama", "image_id": "sha256:1", "pod": "p"})
    results.put("04_pull", "pulled", [{"name": "m", "digest": "d", "size_bytes": 1, "seconds": 2}])
    journal.append("runFinished", verdict="failed", reason="03_apply: no")
    (made.notebooks / "03_apply.ipynb").write_text("{}")
    return made


def test_every_file_but_the_record_itself_is_a_subject_by_its_digest(folder: RunFolder) -> None:
    made = seal(folder)
    assert [one["name"] for one in made["subject"]] == ["journal.jsonl", "notebooks/03_apply.ipynb", "results.json"]
    assert made["subject"][0]["digest"] == {"sha256": sha256(folder.journal)}
    assert loads(folder.record.read_bytes()) == made


def test_the_chain_head_is_sealed(folder: RunFolder) -> None:
    history = read_journal(folder.journal)
    assert statement(folder)["predicate"]["journal"] == {"events": len(history.events), "chainHead": history.head}


def test_a_step_without_an_end_is_unfinished_or_was_not_started(folder: RunFolder) -> None:
    steps = statement(folder)["predicate"]["steps"]
    assert [(step["name"], step["verdict"]) for step in steps] == [("03_apply", "failed"), ("04_pull", "not started")]
    Journal(folder.journal).append("stepStarted", step="04_pull")
    assert statement(folder)["predicate"]["steps"][1]["verdict"] == "unfinished"


def test_what_was_found_and_changed_is_told_by_step(folder: RunFolder) -> None:
    step = statement(folder)["predicate"]["steps"][0]
    assert step["checks"] == [{"name": "so", "status": "passed", "evidence": "[secret]", "hint": ""}]
    assert step["changes"] == [{"kind": "Service", "action": "create"}]


def test_nodes_images_models_and_redactions_come_from_the_run(folder: RunFolder) -> None:
    predicate = statement(folder)["predicate"]
    assert predicate["nodes"] == [{"name": "a"}]
    assert predicate["images"] == [{"image": "ollama", "image_id": "sha256:1"}]
    assert predicate["models"] == [{"name": "m", "digest": "d", "size_bytes": 1}]
    assert predicate["redactions"] == {"secret": 1}


def test_a_run_that_was_killed_is_not_called_anything_else(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path)
    Journal(folder.journal).append("runStarted", run=folder.id, target="homelab", steps=["00_start_here"])
    predicate = statement(folder)["predicate"]
    assert predicate["run"]["verdict"] == "unfinished"
    assert predicate["run"]["finishedAt"] is None


def test_it_has_the_form_of_an_in_toto_statement(folder: RunFolder) -> None:
    made = statement(folder)
    assert made["_type"] == "https://in-toto.io/Statement/v1"
    assert set(made) == {"_type", "subject", "predicateType", "predicate"}
    assert len({one["name"] for one in made["subject"]}) == len(made["subject"])
