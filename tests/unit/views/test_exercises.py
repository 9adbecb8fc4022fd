import pytest

from runbook.views import answer


@pytest.mark.parametrize(
    ("given", "expected"),
    [(1.0, 1.01), ("burstable ", "Burstable"), (0, 0), (0, 0.0), (True, True), (("a",), ("a",))],
)
def test_a_right_answer_is_right(given: object, expected: object) -> None:
    assert repr(answer(given, expected, "hint")).startswith("Right:")


@pytest.mark.parametrize(("given", "expected"), [(1.0, 1.1), ("Guaranteed", "Burstable"), ("1", 1)])
def test_a_wrong_answer_gets_the_hint(given: object, expected: object) -> None:
    assert repr(answer(given, expected, "look again")).endswith("Hint: look again")


def test_no_answer_yet_is_no_error() -> None:
    assert repr(answer(None, 1)) == "Not answered yet."
