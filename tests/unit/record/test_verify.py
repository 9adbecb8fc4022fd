import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runbook.errors import RecordError, UsageError
from runbook.record import Journal, Redactor, RunFolder, dumps, loads, read_journal, seal, verify
from runbook.record.findings import Verification
from runbook.record.statement import content_digest, text
from runbook.record.tombstone import write_tombstone
from tests.unit.record.making import event, make_run, record_of, rewrite


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_run(tmp_path / "box")


def places(found: Verification) -> list[str]:
    return [one.where for one in found.findings]


def test_a_run_whose_step_failed_is_good_if_its_record_says_so(tmp_path: Path) -> None:
    found = verify(make_run(tmp_path / "box", fails=True).path)
    assert (found.verdict, found.run_verdict, found.findings) == ("good", "failed", ())


def test_what_cannot_be_proved_is_said(run: RunFolder) -> None:
    said = " ".join(verify(run.path).unproved)
    assert "without a signature, one who rewrites the whole folder consistently is not found" in said
    assert "names no run before it" in said


# What one who chains and seals everything anew cannot make fit.


def test_a_step_cannot_claim_more_than_its_notebook_shows(tmp_path: Path) -> None:
    run = make_run(tmp_path / "box", fails=True)

    def claim(events: list[dict[str, object]]) -> None:
        event(events, "stepFinished").update(outcome="succeeded", reason="")
        event(events, "runFinished").update(verdict="succeeded", reason="")

    rewrite(run, claim)
    found = verify(run.path)
    assert places(found)[0] == "journal.jsonl, event 18"
    assert "it says succeeded, and notebooks/02_do.ipynb and the events say failed" in found.findings[0].what
    assert found.run_verdict == "unknown"


@pytest.mark.parametrize("name", ["check", "finishReached", "cellFinished"])
def test_missing_evidence_never_makes_a_no_a_yes(run: RunFolder, name: str) -> None:
    rewrite(run, lambda events: events.remove(event(events, name, "02_do")))
    assert verify(run.path).verdict == "tampered"


def test_a_run_cannot_have_succeeded_with_a_step_that_was_never_run(run: RunFolder) -> None:
    rewrite(run, lambda events: events[0]["steps"].append("03_more"))
    found = verify(run.path)
    assert "03_more is not started" in found.findings[0].what


def test_a_check_cannot_be_turned_in_the_record_alone(run: RunFolder) -> None:
    made = record_of(run)
    made["predicate"]["steps"][0]["checks"][0]["status"] = "failed"
    made["predicate"]["contentDigest"] = {"sha256": content_digest(made)}
    run.record.write_text(text(made))
    assert places(verify(run.path)) == ["record.json, $.predicate.steps[0].checks[0].status"]


def test_a_result_cannot_be_changed_behind_the_journal(run: RunFolder) -> None:
    content = loads(run.results.read_bytes())
    content["steps"]["01_look"]["seen"]["speed"] = 15
    run.results.write_text(dumps(content, indent=1) + "\n")
    seal(run)
    assert places(verify(run.path)) == ["results.json, $.steps.01_look.seen"]


def test_a_notebook_cannot_be_changed_behind_the_journal(run: RunFolder) -> None:
    notebook = run.notebooks / "01_look.ipynb"
    notebook.write_text(notebook.read_text().replace("x = 1", "x = 3"))
    seal(run)
    assert "notebooks/01_look.ipynb" in places(verify(run.path))


def test_rewriting_a_page_and_its_digest_needs_a_signature_to_be_found(run: RunFolder) -> None:
    run.index.write_text("<p>another page</p>")
    seal(run)
    assert verify(run.path).verdict == "good"


# Neighbours.


@pytest.fixture
def two(tmp_path: Path) -> tuple[RunFolder, RunFolder]:
    names = ("20261125T061500Z-0001", "20261125T061600Z-0002")
    first, second = (make_run(tmp_path / "box", name=name) for name in names)
    return first, second


def test_two_runs_of_a_target_vouch_for_each_other(two: tuple[RunFolder, RunFolder]) -> None:
    first, second = two
    assert any(f"the run after it, {second.id}" in one for one in verify(first.path).proved)
    assert any(f"the run before it, {first.id}" in one for one in verify(second.path).proved)


def test_a_run_that_is_rewritten_is_no_longer_what_the_run_after_it_knew(two: tuple[RunFolder, RunFolder]) -> None:
    first, second = two
    rewrite(first, lambda events: events[0].update(actor="somebody else"))
    assert "not as the run after it" in verify(first.path).findings[0].what
    assert places(verify(second.path)) == [f"../{first.id}"]


def test_a_run_that_was_removed_is_known_by_its_tombstone(two: tuple[RunFolder, RunFolder]) -> None:
    first, second = two
    known = dict(read_journal(second.journal).events[0].fields["previousRun"])
    shutil.rmtree(first.path)
    first.path.mkdir()
    write_tombstone(first.path, known)
    assert verify(second.path).findings == ()
    with pytest.raises(UsageError, match="was removed"):
        verify(first.path)
    write_tombstone(first.path, {**known, "events": 1})
    assert places(verify(second.path)) == [f"../{first.id}"]


def test_a_run_whose_predecessor_is_elsewhere_is_good_and_says_so(
    two: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    copy = tmp_path / "copy" / two[1].id
    shutil.copytree(two[1].path, copy)
    found = verify(copy)
    assert found.verdict == "good"
    assert any(f"{two[0].id}, is not beside it" in one for one in found.unproved)


def test_a_folder_that_is_given_the_name_of_another_run_is_found(run: RunFolder) -> None:
    other = run.path.rename(run.path.with_name("20200101T000000Z-0000"))
    assert "." in places(verify(other))


def test_a_copy_under_a_name_of_its_own_is_good(run: RunFolder) -> None:
    copy = run.path.rename(run.path.with_name("the good one"))
    found = verify(copy)
    assert found.verdict == "good"
    assert any("the good one" in one for one in found.unproved)


def test_a_step_that_was_skipped_needs_the_event_that_proves_it(tmp_path: Path) -> None:
    first = make_run(tmp_path / "box")
    proof = next(e for e in read_journal(first.journal).events if e.name == "stepFinished")
    second = make_run(tmp_path / "box")

    def skip(events: list[dict[str, object]]) -> None:
        begin = next(i for i, e in enumerate(events) if e["event"] == "stepStarted")
        end = next(i for i, e in enumerate(events) if e["event"] == "stepFinished")
        kept = next(e for e in events[begin:end] if e["event"] == "result")
        receipt = {"run": first.id, "event": {"number": proof.number, "digest": proof.digest}}
        skipped = {"event": "stepSkipped", "at": "2026-11-25T06:15:00.000Z", "step": "01_look", "receipt": receipt}
        finished = {**events[end], "outcome": "skipped", "cells": []}
        events[begin : end + 1] = [{**skipped, "results": {"seen": kept["digest"]}}, finished]

    (second.notebooks / "01_look.ipynb").unlink()
    rewrite(second, skip)
    assert verify(second.path).findings == ()
    assert any(f"run {first.id} proves it" in one for one in verify(second.path).proved)
    rewrite(first, lambda events: event(events, "stepFinished", "01_look").update(outcome="failed"))
    assert any("does not prove 01_look" in one.what for one in verify(second.path).findings)
    shutil.rmtree(first.path)
    assert any("not beside it whole" in one for one in verify(second.path).unproved)


# Runs that were killed.


@pytest.mark.parametrize("until", ["02_do", "runFinished"])
def test_a_run_that_was_killed_is_unfinished_and_never_good(tmp_path: Path, until: str) -> None:
    found = verify(make_run(tmp_path / "box", until=until).path)
    assert (found.verdict, found.run_verdict, found.findings) == ("unfinished", "unfinished", ())
    assert found.last_event


def test_a_run_that_was_killed_before_its_first_event_is_unfinished(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "box")
    assert verify(folder.path).verdict == "unfinished"
    folder.journal.touch()
    assert verify(folder.path).verdict == "unfinished"


def test_a_journal_cut_at_any_byte_is_a_verifiable_prefix(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "box")
    journal = Journal(folder.journal, Redactor())
    journal.append("runStarted", schema=1, run=folder.id, steps=["01_look"])
    for text_ in ("one", "two"):
        journal.append("note", step="01_look", text=text_)
    whole = folder.journal.read_bytes()
    for length in range(len(whole) + 1):
        folder.journal.write_bytes(whole[:length])
        history = read_journal(folder.journal)
        assert len(history.events) == whole[:length].count(b"\n")
        assert history.torn_bytes == length - (whole[:length].rfind(b"\n") + 1)
        found = verify(folder.path)
        assert (found.verdict, found.events) == ("unfinished", len(history.events))


def test_what_was_changed_in_a_run_that_was_killed_is_found(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "box", until="runFinished")
    notebook = folder.notebooks / "01_look.ipynb"
    notebook.write_text(notebook.read_text().replace("x = 1", "x = 3"))
    assert places(verify(folder.path)) == ["notebooks/01_look.ipynb"]


def test_a_record_that_was_taken_away_does_not_make_a_run_good(run: RunFolder) -> None:
    run.record.unlink()
    assert verify(run.path).verdict == "unfinished"


# What is no run, or not one of this version.


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="is not a run"):
            verify(path)


def test_a_lab_is_no_run(tmp_path: Path) -> None:
    folder = RunFolder.lab(tmp_path / "box")
    Journal(folder.journal, Redactor()).append("stepStarted", step="00_start_here")
    with pytest.raises(UsageError, match="lab is not a run"):
        verify(folder.path)


def test_a_newer_schema_is_refused_politely(tmp_path: Path) -> None:
    for until in ("sealed", "02_do"):
        with pytest.raises(UsageError, match="made by a newer version"):
            verify(make_run(tmp_path / "box", until=until, schema=2).path)


def test_a_schema_that_only_the_record_names_is_tampering(run: RunFolder) -> None:
    run.record.write_text(run.record.read_text().replace('"schema": 1', '"schema": 2'))
    assert places(verify(run.path)) == ["record.json, $.predicate.schema"]


def test_a_run_from_before_records_could_be_verified_is_refused(run: RunFolder) -> None:
    rewrite(run, lambda events: events[0].pop("schema"))
    with pytest.raises(UsageError, match="cannot be verified"):
        verify(run.path)


# Hostile folders.


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../b", "", ".", "a\\b", "journal.jsonl"])
def test_a_subject_outside_of_the_folder_or_named_twice_is_never_opened(run: RunFolder, name: str) -> None:
    made = record_of(run)
    made["subject"].append({"name": name, "digest": {"sha256": "0" * 64}})
    run.record.write_text(text(made))
    assert places(verify(run.path)) == [f"record.json, $.subject[{len(made['subject']) - 1}].name"]


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[" * 100_000, b'{"a":NaN}', b'{"a":1,"a":2}', b'{"a":1e999}', b"\xff\xfe{", b'"\\ud800"', b"null"],
)
def test_what_is_no_record_is_said_to_be_none(run: RunFolder, data: bytes) -> None:
    run.record.write_bytes(data)
    found = verify(run.path)
    assert found.verdict == "tampered"
    assert places(found)[0].startswith("record.json")


@pytest.mark.parametrize("name", ["results.json", "journal.jsonl", "notebooks/01_look.ipynb"])
@pytest.mark.parametrize("data", [b"", b"[" * 100_000, b"null\n", b'{"cells": 1, "steps": 2}\n', b"\0" * 1000])
def test_any_file_may_be_anything(run: RunFolder, name: str, data: bytes) -> None:
    (run.path / name).write_bytes(data)
    seal_whatever_lies_there(run)
    found = verify(run.path)
    assert found.verdict == "tampered"
    assert any(where.startswith(name) for where in places(found)) or name == "journal.jsonl"


def test_a_line_of_100_megabytes_is_not_read_whole(run: RunFolder) -> None:
    with run.journal.open("ab") as file:
        file.truncate(100 * 2**20)
    limited = """
import resource, sys
from pathlib import Path
import nbformat
from runbook.record import verify
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
[first, second] = verify(Path(sys.argv[1])).findings[:2]
print(first.where, second.where, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) // 1024, sep="|")
"""
    done = subprocess.run([sys.executable, "-c", limited, str(run.path)], capture_output=True, text=True, check=True)
    first, second, grown_mebibytes = done.stdout.split("|")
    assert (first, second) == ("journal.jsonl", "journal.jsonl, line 21")
    assert int(grown_mebibytes) < 80


def test_a_file_that_cannot_be_read_is_said_to_be_so(run: RunFolder) -> None:
    run.results.chmod(0)
    run.path.parents[1].chmod(0o755)
    as_root = os.geteuid() == 0
    for folder in (run.path, *run.path.parents[:6]):
        if as_root and folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    if as_root:
        os.seteuid(65534)
    try:
        found = verify(run.path)
    finally:
        if as_root:
            os.seteuid(0)
    assert places(found)[0] == "results.json"
    assert "Permission denied" in found.findings[0].what


def seal_whatever_lies_there(run: RunFolder) -> None:
    """Give a record the digests of the files as they are."""
    made = record_of(run)
    for one in made["subject"]:
        one["digest"]["sha256"] = hashlib.sha256((run.path / one["name"]).read_bytes()).hexdigest()
    made["predicate"]["contentDigest"] = {"sha256": content_digest(made)}
    run.record.write_text(text(made))


# Writing.


def test_sealing_when_the_disk_is_full_says_so(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "box", until="runFinished")
    limited = """
import resource, signal, sys
from pathlib import Path
from runbook.errors import RecordError
from runbook.record import Journal, Redactor, RunFolder, seal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    seal(RunFolder(Path(sys.argv[1])))
except RecordError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", limited, str(folder.path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"The record of {folder.id} cannot be written.",
        "Why: [Errno 27] File too large",
    ]
    assert verify(folder.path).verdict == "unfinished"
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]


def test_what_a_writer_that_was_killed_left_half_written_is_not_sealed(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "box", until="runFinished")
    (folder.path / ".results.json.ab12cd34").write_text("half")
    seal(folder)
    assert verify(folder.path).verdict == "good"


def test_a_damaged_journal_is_not_sealed(run: RunFolder) -> None:
    run.journal.write_bytes(run.journal.read_bytes()[10:])
    with pytest.raises(RecordError):
        seal(run)


def test_the_record_is_valid_for_the_independent_reader_of_in_toto(run: RunFolder) -> None:
    import in_toto_attestation.v1.statement_pb2 as pb
    from google.protobuf import json_format
    from in_toto_attestation.v1.statement import Statement

    parsed = json_format.Parse(run.record.read_text(), pb.Statement())
    Statement.copy_from_pb(parsed).validate()
    assert len(parsed.subject) == len(record_of(run)["subject"])


def test_the_record_is_canonical_and_its_times_are_named_and_in_utc(run: RunFolder) -> None:
    made = record_of(run)
    assert run.record.read_text() == json.dumps(made, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    for one in (made["predicate"]["run"], *made["predicate"]["steps"]):
        assert one["startedAt"].endswith("Z")
        assert one["finishedAt"].endswith("Z")


def test_every_finding_of_a_flood_is_not_kept(run: RunFolder) -> None:
    for number in range(300):
        (run.path / f"{number}.txt").touch()
    assert len(verify(run.path).findings) == 100


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_plain_file_is_not_read(run: RunFolder, make: Callable[[Path], object]) -> None:
    run.index.unlink()
    make(run.index)
    assert places(verify(run.path)) == ["index.html"]
