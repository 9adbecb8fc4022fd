"""The command's progress and report on a real run of small notebooks, without a cluster."""

import io

from runbook.commands.rebuild_report import in_words
from runbook.commands.step_progress import StepProgress
from runbook.rebuild import rebuild

SLOW = 'import time\nprint("half way", flush=True)\ntime.sleep(0.5)'
FAILS = 'step.verify(Check.that("Cells run", False, "they do not", "look again"))'


def test_a_run_is_told_step_by_step_and_reported_with_its_failed_check(book, parameters, tmp_path):
    book("01_first", SLOW)
    book("02_second", FAILS)
    notebooks = book("03_third")
    stream = io.StringIO()
    with StepProgress(stream, every_s=0.1) as progress:
        result = rebuild(parameters, outputs=tmp_path / "outputs", progress=progress, notebooks=notebooks)
    said = stream.getvalue()
    assert "[1/3] 01_first: First\n" in said
    assert ", cell 3 of 5, First: half way\n" in said
    assert "[1/3] 01_first: succeeded after " in said
    assert "[2/3] 02_second: failed after " in said
    words = list(in_words(result))
    assert words[0].startswith("Failed: 1 of 3 steps succeeded, checks: 1 passed, 1 failed")
    assert words[2:5] == ["Check failed: Cells run", "  evidence: they do not", "  next: look again"]
    assert "Not started: 03_third" in words
    assert result.index.is_file()
