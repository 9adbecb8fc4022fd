from __future__ import annotations

import pytest

from runbook.models import catalogue
from runbook.ollama import expected_bytes, room_check, survives_restart
from runbook.ollama.room import room_words

GIB = 2**30
MODEL = "qwen3:1.7b"


def test_the_catalogue_says_what_a_model_takes_on_the_disk() -> None:
    assert expected_bytes(MODEL) == 1_359_293_444
    assert expected_bytes("nobody:1b") == 0


def test_a_projector_that_is_a_file_of_its_own_counts() -> None:
    entry = next(one for one in catalogue() if one.projector and one.file_bytes)
    assert entry.projector is not None and entry.file_bytes is not None
    assert expected_bytes(entry.name) == entry.file_bytes + entry.projector.bytes


def test_what_does_not_fit_is_said_before_the_pull_with_the_arithmetic() -> None:
    check = room_check([MODEL], GIB)
    assert check.status == "failed"
    assert check.evidence == "1.27 GiB missing, 1.00 GiB free"
    assert "storage_size" in check.hint


def test_what_a_broken_pull_left_need_not_come_again() -> None:
    check = room_check([MODEL], GIB, partial_bytes=GIB // 2)
    assert check.status == "passed"
    assert "0.50 GiB of it there from a broken pull" in check.evidence


def test_a_model_of_unknown_size_is_named() -> None:
    assert "the size of nobody:1b is known when the registry says it" in room_check(["nobody:1b"], GIB).evidence


def test_a_pod_that_cannot_say_what_is_free_leaves_it_open() -> None:
    assert room_check([MODEL], None).status == "skipped"
    assert room_check([], None).status == "passed"


def test_the_words_hold_both_figures_and_their_difference() -> None:
    assert room_words(3 * GIB, GIB).startswith("3.00 GiB have to come, 1.00 GiB are free: 2.00 GiB too much")


@pytest.mark.parametrize(
    ("value", "survives"), [("1", True), ("true", True), ("0", False), ("False", False), ("", False)]
)
def test_what_a_broken_pull_left_survives_a_restart_only_with_noprune(value: str, survives: bool) -> None:
    assert survives_restart({"OLLAMA_NOPRUNE": value}) is survives
    assert not survives_restart({})
