import subprocess
from pathlib import Path

import pytest

from runbook.record.facts import actor, environment, package_digest, packages, source_version


def test_the_facts_name_packages_machine_and_sources() -> None:
    facts = environment()
    assert facts["packages"]["papermill"]
    assert facts["host"]["cpus"]
    assert {item["name"] for item in facts["materials"]} >= {"requirements.txt", "targets/local.yaml"}


def test_packages_are_sorted_and_in_small_letters() -> None:
    names = list(packages())
    assert names == sorted(names)
    assert names == [name.lower() for name in names]


def test_the_actor_is_who_says_so_else_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_ACTOR", "night shift")
    assert actor() == "night shift"
    monkeypatch.delenv("RUNBOOK_ACTOR")
    assert actor().startswith("uid ")


def test_without_a_repository_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook.record.facts.PROJECT", tmp_path)
    assert source_version() == {"gitCommit": None, "gitDirty": None, "gitDiff": None}


def test_a_changed_checkout_is_dirty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook.record.facts.PROJECT", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    clean = source_version()
    (tmp_path / "new").touch()
    assert (clean["gitDirty"], source_version()["gitDirty"]) == (False, True)
    assert len(clean["gitCommit"]) == 40


def test_without_git_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert source_version() == {"gitCommit": None, "gitDirty": None, "gitDiff": None}


def test_how_a_checkout_differs_is_a_digest_of_its_changes_and_its_new_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbook.record.facts.PROJECT", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "known").write_bytes(b"one\xff")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    assert source_version()["gitDiff"] is None
    seen = set()
    for name, content in (("known", "two"), ("known", "three"), ("new", "one"), ("new", "two"), ("newer", "two")):
        (tmp_path / name).write_text(content)
        seen.add(source_version()["gitDiff"])
    assert len(seen) == 5


def test_a_large_new_file_counts_by_its_length_and_does_not_hold_a_run_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbook.record.facts.PROJECT", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    with (tmp_path / "new").open("wb") as file:
        file.truncate(10 * 2**30)
    first = source_version()["gitDiff"]
    (tmp_path / "new").write_bytes(b"")
    assert first not in (None, source_version()["gitDiff"])


def test_the_package_itself_is_a_material_by_one_digest_of_all_its_files() -> None:
    material = package_digest()
    assert material["name"] == "runbook"
    assert material in environment()["materials"]
    assert package_digest() == material
