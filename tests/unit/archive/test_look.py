import pytest

from runbook.archive.look import duration, marked_code


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (65, "1 min 05 s"), (3725, "1 h 02 min")]
)
def test_a_duration_is_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_backticks_become_code_and_the_rest_is_escaped() -> None:
    assert marked_code("run `kubectl get <x>` & wait") == "run <code>kubectl get &lt;x&gt;</code> &amp; wait"
