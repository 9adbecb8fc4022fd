import io
import time

from runbook.commands.step_progress import StepProgress


def test_a_step_has_a_line_at_its_start_and_at_its_end(step):
    stream = io.StringIO()
    with StepProgress(stream, every_s=60) as progress:
        progress.step_started(step("03_apply").step, 2, 8)
        progress.cell_started(step("03_apply").step, 1, 5, "Plan")
        progress.message("waiting for the pod")
        progress.step_finished(step("03_apply"))
    assert stream.getvalue().splitlines() == [
        "[2/8] 03_apply: Title of 03_apply",
        "[2/8] 03_apply: succeeded after 4.2 s",
    ]


def test_a_failed_step_says_why(step):
    stream = io.StringIO()
    with StepProgress(stream, every_s=60) as progress:
        progress.step_started(step("05_verify").step, 5, 8)
        progress.step_finished(step("05_verify", "failed", "check failed: Text model answers"))
    assert stream.getvalue().endswith("[5/8] 05_verify: failed after 4.2 s: check failed: Text model answers\n")


def test_while_a_cell_runs_a_line_says_which_and_what_it_printed_last(step):
    stream = io.StringIO()
    with StepProgress(stream, every_s=0.02) as progress:
        progress.step_started(step("04_pull").step, 1, 1)
        progress.cell_started(step("04_pull").step, 4, 9, "Pull")
        progress.message("qwen3:1.7b 40 %")
        end = time.monotonic() + 5
        while "cell 4 of 9, Pull: qwen3:1.7b 40 %" not in stream.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    assert "[1/1] 04_pull: running, 0." in stream.getvalue()
    assert "cell 4 of 9, Pull: qwen3:1.7b 40 %" in stream.getvalue()


def test_a_remark_of_the_rebuild_is_printed_at_once(step):
    stream = io.StringIO()
    with StepProgress(stream, every_s=60) as progress:
        progress.step_started(step("04_pull").step, 1, 1)
        progress.message("timeout 10 s\nNext: Raise `step_timeout_s`.")
        progress.step_finished(step("04_pull", "failed", "timeout 10 s in cell 3"))
        progress.message("interrupted; the record is in outputs/home/run")
    lines = stream.getvalue().splitlines()
    assert lines[1:3] == ["timeout 10 s", "Next: Raise `step_timeout_s`."]
    assert lines[-1] == "interrupted; the record is in outputs/home/run"
