import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runbook.archive import Shelved, shelf
from runbook.archive.shelf import REMEMBERED

from .conftest import MakeRun, run_name


def only(outputs: Path) -> Shelved:
    (one,) = shelf(outputs)
    return one


def test_a_run_is_told_by_its_record(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    card = only(outputs).card
    assert (card.target, card.run, card.verdict, card.checks, card.steps) == (
        "homelab", run_name(1), "succeeded", (1, 0, 0), (1, 1),
    )  # fmt: skip
    assert card.versions == ("Kubernetes v1.36.3", card.image, "commit 109106ab38cf")
    assert card.figures[0].decode == (42.0, 41.0, 43.0)


def test_the_newest_comes_first_whatever_its_target(outputs: Path, make_run: MakeRun) -> None:
    for number in (2, 5, 3):
        make_run(number, target=f"target-{number}")
    begun = [one.card.started_at for one in shelf(outputs)]
    assert begun == sorted(begun, reverse=True)


def test_examples_are_runs_of_their_own(outputs: Path, make_run: MakeRun) -> None:
    folder = make_run(1)
    shutil.copytree(folder.path, outputs / "examples" / "homelab" / folder.id)
    found = {one.place: one.is_example for one in shelf(outputs)}
    assert found == {f"homelab/{folder.id}": False, f"examples/homelab/{folder.id}": True}


def test_a_killed_run_is_unfinished(outputs: Path, make_run: MakeRun) -> None:
    folder = make_run(1, sealed=False)
    with folder.journal.open("ab") as file:
        file.write(b'{"torn": "li')
    card = only(outputs).card
    assert (card.verdict, card.models) == ("unfinished", ("qwen3:1.7b",))
    assert card.started_at.startswith("20")


def test_folders_that_are_no_run_are_said_to_be_none(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    (outputs / "homelab" / "holiday pictures").mkdir()
    (outputs / "homelab" / "lab").mkdir()
    (outputs / "homelab" / ".hidden").mkdir()
    (outputs / "notes.txt").write_text("mine")
    good, foreign = shelf(outputs)
    assert good.is_run
    assert (foreign.card.verdict, foreign.card.run) == ("unreadable", "holiday pictures")
    assert foreign.card.reason == "it holds neither a record nor a journal"


def test_results_that_the_record_does_not_seal_are_not_believed(outputs: Path, make_run: MakeRun) -> None:
    folder = make_run(1)
    folder.results.write_text(folder.results.read_text().replace("42.0", "99.0"))
    card = only(outputs).card
    assert card.verdict == "unreadable"
    assert "results.json is not the file that the record seals" in card.reason
    assert card.figures == ()


def test_a_record_of_a_newer_kind_is_not_guessed_at(outputs: Path, make_run: MakeRun) -> None:
    folder = make_run(1)
    folder.record.write_text(folder.record.read_text().replace("run:v1", "run:v9"))
    assert only(outputs).card.reason == "record.json is of a newer kind, v9"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b'{"predicateType": 7}', b"[" * 100_000, b'{"a": NaN}', b'{"predicateType": "x"}'],
)
def test_a_damaged_record_takes_nothing_else_with_it(outputs: Path, make_run: MakeRun, content: bytes) -> None:
    make_run(1)
    damaged = make_run(2)
    damaged.record.write_bytes(content)
    damaged.journal.write_bytes(content)
    verdicts = sorted(one.card.verdict for one in shelf(outputs))
    assert verdicts == ["succeeded", "unreadable"]


def test_a_pipe_in_place_of_a_record_does_not_stop_the_index(outputs: Path) -> None:
    run = outputs / "homelab" / run_name(1)
    run.mkdir(parents=True)
    os.mkfifo(run / "record.json")
    assert only(outputs).card.verdict == "unreadable"


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_record_says_the_index_is_made(outputs: Path, make_run: MakeRun, data: st.DataObject) -> None:
    shutil.rmtree(outputs / "homelab", ignore_errors=True)
    folder = make_run(1)
    statement = json.loads(folder.record.read_text())
    place, path = statement["predicate"], []
    while isinstance(place, dict | list) and place and data.draw(st.booleans() if path else st.just(True)):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        path.append((place, key := data.draw(st.sampled_from(keys))))
        place = place[key]
    holder, key = path[-1]
    holder[key] = data.draw(Json)
    folder.record.write_text(json.dumps(statement))
    assert len(shelf(outputs, remembered=False)) == 1


def test_a_card_is_remembered_until_its_folder_changes(outputs: Path, make_run: MakeRun) -> None:
    folder = make_run(1)
    first = only(outputs)
    kept = json.loads((outputs / REMEMBERED).read_text())
    kept["cards"][first.place]["card"]["kubernetes"] = "from memory"
    (outputs / REMEMBERED).write_text(json.dumps(kept))
    assert only(outputs).card.kubernetes == "from memory"
    folder.record.write_text(folder.record.read_text() + " ")
    assert only(outputs).card == first.card


def test_what_is_remembered_is_read_back_the_same(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    make_run(2, verdict="failed", reason="cell 3: no", decode=())
    assert shelf(outputs) == shelf(outputs) == shelf(outputs, remembered=False)


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 1}', '{"schema": 1, "cards": 5}', '{"schema": 9}'])
def test_a_memory_that_makes_no_sense_is_made_anew(outputs: Path, make_run: MakeRun, content: str) -> None:
    make_run(1)
    (outputs / REMEMBERED).write_text(content)
    assert only(outputs).card.verdict == "succeeded"
    assert json.loads((outputs / REMEMBERED).read_text())["schema"] == 1


def test_a_remembered_card_with_other_fields_is_made_anew(outputs: Path, make_run: MakeRun) -> None:
    make_run(1)
    first = only(outputs)
    kept = json.loads((outputs / REMEMBERED).read_text())
    kept["cards"][first.place]["card"] |= {"figures": 5, "more": 1}
    (outputs / REMEMBERED).write_text(json.dumps(kept))
    assert only(outputs) == first


def test_no_folder_means_no_run(tmp_path: Path) -> None:
    assert shelf(tmp_path / "nowhere") == []
