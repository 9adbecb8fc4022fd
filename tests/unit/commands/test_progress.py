import io
import time

import pytest

from runbook.commands.progress import HEARTBEAT_S, Pulse, elapsed


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (4.25, "4.2 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7380, "2 h 03 min")],
)
def test_a_duration_is_for_people(seconds, text):
    assert elapsed(seconds) == text


def test_a_sign_of_life_comes_at_least_every_ten_seconds():
    assert HEARTBEAT_S <= 10


def test_while_something_runs_a_line_comes_again_and_again():
    stream = io.StringIO()
    with Pulse(stream, every_s=0.02) as pulse:
        pulse.running("03_apply")
        until(lambda: stream.getvalue().count("03_apply: running, 0.") >= 3)


def test_while_nothing_runs_there_is_silence():
    stream = io.StringIO()
    with Pulse(stream, every_s=0.01) as pulse:
        pulse.running("03_apply")
        pulse.running("")
        seen = stream.getvalue()
        time.sleep(0.1)
        assert stream.getvalue() == seen


def test_a_file_gets_lines_only():
    stream = io.StringIO()
    with Pulse(stream, every_s=60) as pulse:
        pulse.running("03_apply")
        pulse.line("03_apply passed")
    assert stream.getvalue() == "03_apply passed\n"


def test_a_terminal_gets_one_line_that_is_drawn_again_below_the_others(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Pulse(stream, every_s=60) as pulse:
        pulse.running("03_apply")
        pulse.line("02 passed")
    assert stream.getvalue() == (
        "\r\x1b[K03_apply: running, 0.0 s\r\x1b[K02 passed\n\r\x1b[K03_apply: running, 0.0 s\r\x1b[K"
    )


def test_more_about_what_runs_does_not_start_its_time_again():
    stream = io.StringIO()
    with Pulse(stream, every_s=0.02) as pulse:
        pulse.running("03_apply", more="cell 1 of 2")
        until(lambda: "0.1 s, cell 1" in stream.getvalue())
        pulse.running("03_apply", more="cell 2 of 2")
        until(lambda: "cell 2" in stream.getvalue())
    assert "0.0 s, cell 2" not in stream.getvalue()


def test_progress_that_nobody_reads_ends_nothing():
    with Pulse(Closed(), every_s=0.01) as pulse:
        pulse.running("03_apply")
        pulse.line("anything")
