import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runbook.checks import Check
from runbook.errors import RecordError
from runbook.record.journal import START, Journal, read_journal
from runbook.record.redaction import Redactor

WRITER = """
import sys
from pathlib import Path
from runbook.record.journal import Journal
from runbook.record.redaction import Redactor
journal = Journal(Path(sys.argv[1]), Redactor())
for number in range(int(sys.argv[2])):
    journal.append("note", text=f"{sys.argv[3]} {number}" + "x" * 200)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl", Redactor(["FAKE-tok-8f31c0de"]))


def writer(path: Path, count: int, name: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(count), name])


def test_each_event_holds_the_digest_of_the_line_before(journal: Journal) -> None:
    first = journal.append("stepStarted", step="03_apply")
    journal.append("cellFinished", step="03_apply", cell_number=1)
    lines = journal.path.read_text().splitlines()
    assert json.loads(lines[0])["previous"] == START
    assert json.loads(lines[1])["previous"] == first.digest
    assert json.loads(lines[1])["cellNumber"] == 1


def test_what_is_read_is_what_was_written(journal: Journal) -> None:
    written = [journal.append("check", check=Check.that("so", True, "seen")) for _ in range(3)]
    history = read_journal(journal.path)
    assert [event.digest for event in history.events] == [event.digest for event in written]
    assert history.head == written[-1].digest
    assert history.events[0].fields["check"] == {"name": "so", "status": "passed", "evidence": "seen", "hint": ""}


def test_an_event_is_masked_before_it_is_hashed_and_the_count_is_kept(journal: Journal) -> None:
    journal.append("note", text="with FAKE-tok-8f31c0de")
    assert "FAKE-tok" not in journal.path.read_text()
    assert read_journal(journal.path).events[0].fields == {"text": "with [secret]", "redactions": {"secret": 1}}


def test_a_figure_that_is_none_says_why(journal: Journal) -> None:
    journal.append("note", speed=float("nan"))
    assert read_journal(journal.path).events[0].fields == {"speed": None, "undefined": {"speed": "not a number"}}


def test_an_empty_journal_has_no_events(journal: Journal) -> None:
    journal.path.touch()
    assert read_journal(journal.path).events == ()


def test_events_longer_than_a_block_are_chained(journal: Journal) -> None:
    for length in (10, 20_000, 8_192, 1):
        journal.append("note", text="x" * length)
    assert len(read_journal(journal.path).events) == 4


def test_a_line_that_was_never_finished_is_no_event_and_the_next_replaces_it(journal: Journal) -> None:
    journal.append("note", text="whole")
    with journal.path.open("ab") as file:
        file.write(b'{"number":2,"at":"2026')
    assert read_journal(journal.path).torn_bytes == 22
    journal.append("note", text="next")
    history = read_journal(journal.path)
    assert [event.fields["text"] for event in history.events] == ["whole", "next"]
    assert history.torn_bytes == 0


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [lines[0].replace(b"one", b"two"), *lines[1:]], 2),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 2),
        (lambda lines: [lines[0], b"null", *lines[1:]], 2),
        (lambda lines: [lines[0], b'{"a":NaN}', *lines[1:]], 2),
        (lambda lines: lines[1:], 1),
    ],
    ids=["changed", "removed", "reordered", "repeated", "inserted", "not-strict", "beheaded"],
)
def test_tampering_is_found_and_the_line_is_named(journal: Journal, change: object, line: int) -> None:
    for text in ("one", "three", "five"):
        journal.append("note", text=text)
    lines = journal.path.read_bytes().splitlines()
    journal.path.write_bytes(b"\n".join(change(lines)) + b"\n")  # type: ignore[operator]
    with pytest.raises(RecordError, match=f"Line {line} "):
        read_journal(journal.path)


def test_two_processes_that_write_at_once_make_one_chain(journal: Journal) -> None:
    writers = [writer(journal.path, 40, name) for name in ("parent", "kernel")]
    assert [one.wait() for one in writers] == [0, 0]
    texts = [event.fields["text"].rstrip("x") for event in read_journal(journal.path).events]
    assert sorted(texts) == sorted(f"{name} {number}" for name in ("parent", "kernel") for number in range(40))


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05])
def test_a_writer_that_is_killed_leaves_a_valid_prefix(journal: Journal, after_s: float) -> None:
    killed = writer(journal.path, 100_000, "killed")
    while not journal.path.exists() or not journal.path.stat().st_size:
        time.sleep(0.005)
    time.sleep(after_s)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    before = len(read_journal(journal.path).events)
    journal.append("note", text="after")
    events = read_journal(journal.path).events
    assert len(events) == before + 1
    assert before > 0


def test_when_the_disk_is_full_the_journal_ends_as_before(journal: Journal) -> None:
    # The file may not grow beyond 600 bytes: the system refuses the rest of a line as a full disk does.
    limited = """
import resource, signal, sys
from pathlib import Path
from runbook.errors import RecordError
from runbook.record.journal import Journal, read_journal
from runbook.record.redaction import Redactor
journal = Journal(Path(sys.argv[1]), Redactor())
journal.append("note", text="fits")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
try:
    journal.append("note", text="x" * 1000)
except RecordError as error:
    print(len(read_journal(journal.path).events), read_journal(journal.path).torn_bytes, error.what)
"""
    done = subprocess.run(
        [sys.executable, "-c", limited, str(journal.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1 0 The journal journal.jsonl cannot be written."


def test_a_step_that_started_again_has_only_its_new_events(journal: Journal) -> None:
    for text in ("old", "new"):
        journal.append("stepStarted", step="05_verify")
        journal.append("note", step="05_verify", text=text)
    journal.append("note", step="06_measure", text="other")
    events = read_journal(journal.path).of_step("05_verify")
    assert [event.fields.get("text") for event in events] == [None, "new"]


def test_a_missing_journal_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"There is no journal journal\.jsonl"):
        read_journal(tmp_path / "journal.jsonl")
