import re

from runbook.parameters import Parameters
from runbook.rebuild import RunResult
from runbook.rebuild.guide import write_guide
from runbook.rebuild.index import write_index
from runbook.record import RunFolder


def index(folder: RunFolder, result: RunResult) -> str:
    write_index(folder, result)
    return folder.index.read_text()


def test_the_verdict_comes_first_with_why_and_what_to_do(folder: RunFolder, result: RunResult) -> None:
    made = index(folder, result)
    top = made[: made.index("<h2>Steps</h2>")]
    for words in ("Failed", "RolloutFailed: not ready", "Why: Pending", "The PVC is bound", "kubectl get storageclass"):
        assert words in top


def test_every_step_and_check_is_there_with_its_evidence(folder: RunFolder, result: RunResult) -> None:
    made = index(folder, result)
    assert 'href="html/01_hardware.html"' in made
    assert 'href="html/03_apply.html#cell-c5"' in made
    assert "04_pull.html" not in made
    assert "not started" in made
    for check in result.checks:
        assert check.name in made
    assert "9 GiB" in made
    assert "Pending &lt;b&gt;" in made


def test_estimate_and_measurement_stand_side_by_side(folder: RunFolder, result: RunResult) -> None:
    assert re.search(r"12\.0 \(10\.0 to 14\.0\).*11\.0.*0\.92", index(folder, result))


def test_it_has_no_script_and_fetches_nothing(folder: RunFolder, result: RunResult) -> None:
    made = index(folder, result)
    assert "three nodes &lt;script&gt;" in made
    assert not re.search(r"<script|<link|@import|url\(|\ssrc=", made)


def test_the_guide_has_the_command_and_what_was_found(folder: RunFolder, result: RunResult) -> None:
    write_guide(folder, Parameters(target="homelab", context="homelab"), result)
    made = folder.guide.read_text()
    assert "make rebuild TARGET=homelab" in made
    assert "| 03_apply | Apply | failed | 12 s |" in made
    assert "| The PVC is bound | failed | Pending <b> |" in made
    assert "| m | decode speed, tokens/s | 12.0 (10.0 to 14.0) | 11.0 |" in made
