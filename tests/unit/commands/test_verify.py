import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from runbook.cli import ended
from runbook.commands.verify import verify as verb
from runbook.record import RunFolder
from tests.unit.record.making import make_run, write_key_pair


@dataclass(frozen=True)
class Done:
    """How a verb ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def called(*arguments: object) -> Done:
        status = ended(lambda: verb.main(list(map(str, arguments)), standalone_mode=False))
        return Done(status, *capsys.readouterr())

    return called


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_run(tmp_path / "box")


def test_a_run_that_holds_ends_with_0_and_says_what_is_not_proved(verify: Callable[..., Done], run: RunFolder) -> None:
    done = verify(run.path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[:2] == [f"good: the record of {run.id} holds", "The run succeeded."]
    assert "Not proved:" in done.stdout


def test_a_run_that_was_changed_ends_with_1_and_names_the_place(verify: Callable[..., Done], run: RunFolder) -> None:
    run.index.write_text("another")
    done = verify(run.path)
    assert done.returncode == 1
    assert done.stdout.startswith(f"not good: {run.id} was tampered with")
    assert "  index.html: it was changed" in done.stdout


def test_a_run_that_was_killed_ends_with_1_in_words_of_its_own(verify: Callable[..., Done], tmp_path: Path) -> None:
    done = verify(make_run(tmp_path / "box", until="02_do").path)
    assert done.returncode == 1
    assert done.stdout.startswith("unfinished: ")
    assert "The last event that can be read: event " in done.stdout
    assert "good" not in done.stdout


def test_what_is_no_run_ends_with_2_and_one_clear_error(verify: Callable[..., Done], tmp_path: Path) -> None:
    done = verify(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "Next: Name the folder of a run" in done.stderr


def test_a_script_reads_one_json_object(verify: Callable[..., Done], run: RunFolder) -> None:
    run.index.write_text("another")
    found = json.loads(verify(run.path, "--json").stdout)
    assert (found["verdict"], found["run"]) == ("tampered", run.id)
    assert found["findings"][0]["where"] == "index.html"


def test_a_run_that_holds_can_be_signed_afterwards_and_once(
    verify: Callable[..., Done], run: RunFolder, tmp_path: Path
) -> None:
    private, public = write_key_pair(tmp_path)
    assert verify(run.path, "--key", public).returncode == 1
    assert verify(run.path, "--sign", private).returncode == 0
    assert verify(run.path, "--key", public).returncode == 0
    done = verify(run.path, "--sign", private)
    assert done.returncode == 2
    assert "is signed already" in done.stderr


def test_a_run_that_does_not_hold_is_not_signed(verify: Callable[..., Done], run: RunFolder, tmp_path: Path) -> None:
    private, _ = write_key_pair(tmp_path)
    run.index.write_text("another")
    assert verify(run.path, "--sign", private).returncode == 1
    assert not run.signature.exists()
