"""A run of real kernels, mutated: whatever is changed is found, and the place that is named is the right one.

`RUNBOOK_MUTATIONS` says how many mutations are tried; a few hundred without it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runbook.record import verify
from runbook.record.findings import Verification
from runbook.record.sign import KEY_VARIABLE
from tests.unit.record.making import write_key_pair

MUTATIONS = int(os.environ.get("RUNBOOK_MUTATIONS", "300"))
TRIED: Counter[str] = Counter()


class Runs:
    """Two runs of one target: the one that is mutated, with its bytes as sealed, and the one before it."""

    def __init__(self, before: Path, run: Path, public: Path) -> None:
        self.before = before
        self.run = run
        self.public = public
        self.sealed = {p.relative_to(run).as_posix(): p.read_bytes() for p in run.rglob("*") if p.is_file()}

    def restore(self) -> None:
        for path in self.run.rglob("*"):
            if not path.is_dir() or path.is_symlink():
                path.unlink()
        for name in self.sealed:
            if (self.run / name).is_dir():
                (self.run / name).rmdir()
        for name, data in self.sealed.items():
            (self.run / name).write_bytes(data)


@pytest.fixture(scope="module")
def runs(make_bench: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    root = tmp_path_factory.mktemp("verified")
    bench = make_bench(root)
    bench.book("01_look", 'step.result("seen", {"nodes": [{"name": "a", "cpus": 2}]})', 'print("hello")')
    bench.book("02_do", 'step.change({"kind": "Service"})\nstep.read("seen")', exercises=("1 / 0",))
    private, public = write_key_pair(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runbook.rebuild.newborn.PRELOADED", ("ipykernel.kernelapp", "runbook.record"))
        patch.setenv(KEY_VARIABLE, str(private))
        before, run = (bench.execute().folder for _ in range(2))
    yield Runs(before, run, public)
    print(f"\n{TRIED.total()} mutations: {dict(sorted(TRIED.items()))}")  # noqa: T201


def test_an_untouched_run_is_good_and_its_link_to_the_run_before_holds(runs: Runs) -> None:
    found = verify(runs.run, runs.public)
    assert (found.verdict, found.run_verdict, found.findings) == ("good", "succeeded", ())
    assert any(runs.before.name in one for one in found.proved)
    assert verify(runs.before).verdict == "good"


def test_a_copy_elsewhere_with_other_times_and_rights_is_no_false_alarm(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "another place" / runs.run.name
    shutil.copytree(runs.run, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() else 0o400)
    (copy / ".DS_Store").touch()
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("HOME", "/home/alex")
    monkeypatch.setenv("USER", "alex")
    assert verify(copy, runs.public).verdict == "good"


@pytest.mark.timeout(0)  # as long as the number of mutations needs
@given(seed=st.integers(0, 2**63))
@settings(
    max_examples=MUTATIONS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_any_mutation_is_found_and_its_place_is_named(runs: Runs, seed: int) -> None:
    chance = random.Random(seed)
    mutate = chance.choice(MUTATORS)
    try:
        places = mutate(runs, chance)
        found = verify(runs.run)
    finally:
        runs.restore()
    TRIED[mutate.__name__] += 1
    assert found.verdict == "tampered", mutate.__name__
    assert _named(found, places), (mutate.__name__, places, found.findings)


def _named(found: Verification, places: tuple[str, ...]) -> bool:
    """Whether the first finding, or one for a file that is swapped, is at one of the places."""
    return any(
        one.where == place or one.where.startswith(f"{place},") for one in found.findings[:3] for place in places
    )


def one_byte_changed(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, data = _some_file(runs, chance)
    at = _position(data, chance)
    data[at] = chance.choice([data[at] ^ 1 << chance.randrange(8), chance.randrange(256)])
    return _written(runs, name, data, at)


def one_byte_inserted(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, data = _some_file(runs, chance)
    at = _position(data, chance)
    data[at:at] = bytes([chance.choice([0, 10, 32, 48, 125, chance.randrange(256)])])
    return _written(runs, name, data, at)


def one_byte_removed(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, data = _some_file(runs, chance)
    at = _position(data, chance)
    del data[at]
    return _written(runs, name, data, at)


def cut_off(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, data = _some_file(runs, chance)
    return _written(runs, name, data[: _position(data, chance)], None)


def lengthened(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, data = _some_file(runs, chance)
    return _written(runs, name, data + chance.choice([b"\n", b" ", b"\0" * 9, bytes(data[-20:])]), None)


def event_removed(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    lines = _lines(runs)
    at = chance.randrange(len(lines))
    del lines[at]
    return _journal(runs, lines, at)


def event_repeated(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    lines = _lines(runs)
    source, at = chance.randrange(len(lines)), chance.randrange(len(lines) + 1)
    lines.insert(at, lines[source])
    return _journal(runs, lines, at, at + 1)


def event_moved(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    lines = _lines(runs)
    first, second = sorted(chance.sample(range(len(lines)), 2))
    lines[first], lines[second] = lines[second], lines[first]
    return _journal(runs, lines, first)


def event_of_another_run_inserted(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    lines, others = _lines(runs), (runs.before / "journal.jsonl").read_bytes().splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    lines.insert(at, chance.choice(others))
    return _journal(runs, lines, at, at - 1)


def event_replaced_by_one_of_another_run(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    lines, others = _lines(runs), (runs.before / "journal.jsonl").read_bytes().splitlines(keepends=True)
    at = chance.randrange(min(len(lines), len(others)))
    lines[at] = others[at]
    return _journal(runs, lines, at)


def event_forged_with_its_number_and_link(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    lines = _lines(runs)
    at = chance.randrange(len(lines))
    lines[at] = lines[at].replace(b'"at":"2', b'"at":"1')
    return _journal(runs, lines, at)


def file_removed(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, _ = _some_file(runs, chance)
    (runs.run / name).unlink()
    return (name, "record.json", "record.sig") if name == "record.json" else (name,)


def file_added(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name = chance.choice(["note.txt", ".hidden", "html/06.html", "notebooks/.x.ipynb.abcd1234", "record.json.old"])
    (runs.run / name).write_text("x")
    return (name,)


def file_of_another_run(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name = chance.choice([name for name, data in runs.sealed.items() if (runs.before / name).read_bytes() != data])
    shutil.copyfile(runs.before / name, runs.run / name)
    return (name, "journal.jsonl") if name == "journal.jsonl" else (name,)


def record_and_signature_of_another_run(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    for name in ("record.json", "record.sig"):
        shutil.copyfile(runs.before / name, runs.run / name)
    return tuple(runs.sealed)


def two_files_swapped(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    kind = chance.choice(["html/", "notebooks/"])
    first, second = sorted(name for name in runs.sealed if name.startswith(kind))
    (runs.run / first).write_bytes(runs.sealed[second])
    (runs.run / second).write_bytes(runs.sealed[first])
    return (first, second)


def link_in_place_of_a_file(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, data = _some_file(runs, chance)
    twin = runs.run.parent.parent / "twin"
    twin.write_bytes(data)
    (runs.run / name).unlink()
    (runs.run / name).symlink_to(twin)
    return (name,)


def folder_or_pipe_in_place_of_a_file(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    name, _ = _some_file(runs, chance)
    (runs.run / name).unlink()
    chance.choice([Path.mkdir, os.mkfifo])(runs.run / name)
    return (name, "record.sig") if name == "record.json" else (name,)


def member_of_the_record_changed(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    made = json.loads(runs.sealed["record.json"])
    _change(made, chance)
    _write_record(runs, made)
    return ("record.json",)


def record_rewritten_with_its_digest(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    from runbook.record.statement import content_digest

    made = json.loads(runs.sealed["record.json"])
    del made["predicate"]["contentDigest"]
    _change(made["predicate"], chance)
    made["predicate"]["contentDigest"] = {"sha256": content_digest(made)}
    _write_record(runs, made)
    return ("record.json", "record.sig", "journal.jsonl")


def file_and_record_rewritten_together(runs: Runs, chance: random.Random) -> tuple[str, ...]:
    import hashlib

    from runbook.record.statement import content_digest

    made = json.loads(runs.sealed["record.json"])
    subject = chance.choice(made["subject"])
    data = bytearray(runs.sealed[subject["name"]])
    at = _position(data, chance)
    data[at] ^= 1
    subject["digest"]["sha256"] = hashlib.sha256(data).hexdigest()
    made["predicate"]["contentDigest"] = {"sha256": content_digest(made)}
    (runs.run / subject["name"]).write_bytes(data)
    _write_record(runs, made)
    return (subject["name"], "record.sig", "record.json")


MUTATORS: tuple[Callable[[Runs, random.Random], tuple[str, ...]], ...] = (
    *(one_byte_changed,) * 8, *(one_byte_inserted,) * 2, *(one_byte_removed,) * 2, cut_off, lengthened,
    event_removed, event_repeated, event_moved, event_of_another_run_inserted, event_replaced_by_one_of_another_run,
    event_forged_with_its_number_and_link, file_removed, file_added, file_of_another_run,
    record_and_signature_of_another_run, two_files_swapped, link_in_place_of_a_file,
    folder_or_pipe_in_place_of_a_file, member_of_the_record_changed, record_rewritten_with_its_digest,
    file_and_record_rewritten_together,
)  # fmt: skip


def _some_file(runs: Runs, chance: random.Random) -> tuple[str, bytearray]:
    name = chance.choice(sorted(runs.sealed))
    return name, bytearray(runs.sealed[name])


def _position(data: bytearray, chance: random.Random) -> int:
    """A place in a file: its ends, a place that shapes it, a digit, or any."""
    kind = chance.randrange(5)
    if kind == 0:
        return chance.choice([0, 1, len(data) // 2, len(data) - 2, len(data) - 1])
    wanted = {1: b'{}[],:"\n', 2: b"0123456789", 3: b"abcdef\\<>"}.get(kind, b"")
    places = [at for at, byte in enumerate(data) if byte in wanted]
    return chance.choice(places) if places else chance.randrange(len(data))


def _written(runs: Runs, name: str, data: bytearray | bytes, at: int | None) -> tuple[str, ...]:
    """Write a file that was changed at a place, and say what must be named; a change that is none becomes one."""
    if bytes(data) == runs.sealed[name]:
        data = bytes([data[0] ^ 1, *data[1:]])
        at = 0
    (runs.run / name).write_bytes(data)
    if name == "journal.jsonl" and at is not None:
        line = runs.sealed[name].count(b"\n", 0, at) + 1
        return (f"{name}, line {line}", f"{name}, line {line + 1}")
    return (name,)


def _lines(runs: Runs) -> list[bytes]:
    return runs.sealed["journal.jsonl"].splitlines(keepends=True)


def _journal(runs: Runs, lines: list[bytes], *changed: int) -> tuple[str, ...]:
    if b"".join(lines) == runs.sealed["journal.jsonl"]:
        lines.insert(0, lines[0])
        changed = (0, 1)
    (runs.run / "journal.jsonl").write_bytes(b"".join(lines))
    return tuple(f"journal.jsonl, line {at + 1}" for at in changed)


def _change(value: Any, chance: random.Random) -> None:
    """Change one member somewhere in a JSON value."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = chance.choice(keys)
        if isinstance(value[key], dict | list) and value[key]:
            value = value[key]
            continue
        value[key] = (
            {True: False, False: True, None: 0}.get(value[key])
            if isinstance(value[key], bool | None)
            else _other(value[key])
        )
        return


def _other(value: Any) -> Any:
    return f"{value}x" if isinstance(value, str) else [1] if isinstance(value, list | dict) else value + 1


def _write_record(runs: Runs, made: Any) -> None:
    from runbook.record.statement import text

    (runs.run / "record.json").write_text(text(made))
