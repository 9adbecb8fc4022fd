import re

import html5lib

from runbook.cli import VERBS
from runbook.parameters import Parameters
from runbook.rebuild import RunResult
from runbook.rebuild.guide import write_guide
from runbook.rebuild.index import write_index
from runbook.rebuild.versions import write_versions
from runbook.record import Journal, Redactor, Results, RunFolder, loads


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
    assert 'context: "home"' not in made
    assert 'context: "homelab"' in made
    assert "| 03_apply | Apply | failed | 12 s |" in made
    assert r"| The PVC is bound | failed | Pending \<b> |" in made
    assert "| m | decode speed, tokens/s | 12.0 (10.0 to 14.0) | 11.0 |" in made


def test_the_verbs_of_the_guide_are_verbs(folder: RunFolder, result: RunResult) -> None:
    write_guide(folder, Parameters(target="homelab", context="homelab"), result)
    named = set(re.findall(r"^runbook (\w+)", folder.guide.read_text(), re.MULTILINE))
    assert named == {"survey", "plan", "apply", "pull", "rebuild"}
    assert named <= {verb.name for verb in VERBS}


def test_the_guide_ends_with_an_entry_for_a_changelog(folder: RunFolder, result: RunResult) -> None:
    Results(folder.results, Journal(folder.journal, Redactor())).put(
        "03_apply", "changes", [{"action": "created", "kind": "Service", "name": "ollama", "namespace": "ai"}]
    )
    write_guide(folder, Parameters(target="homelab", context="homelab"), result)
    entry = folder.guide.read_text().partition("```markdown\n")[2].partition("```")[0].splitlines()
    assert re.fullmatch(r"## 20\d\d-\d\d-\d\d: homelab rebuilt, failed", entry[0])
    assert "- Cluster: created Service ollama" in entry
    assert "- m: decode speed, tokens/s 11.0" in entry
    assert "- Checks: 1 passed, 1 failed, 0 skipped" in entry


def test_the_versions_of_everything_are_one_strict_document(folder: RunFolder, result: RunResult) -> None:
    write_versions(folder, result)
    said = loads((folder.path / "versions.json").read_bytes())
    assert (said["run"], said["target"], said["verdict"]) == (folder.id, "homelab", "failed")
    assert said["packages"]["httpx"]
    assert said["files"]["targets/local.yaml"].startswith("sha256:")
    assert said["ollama"]["image_id"] is None
    assert said["models"] is None


def test_the_index_is_valid_html(folder: RunFolder, result: RunResult) -> None:
    html5lib.HTMLParser(strict=True).parse(index(folder, result))
