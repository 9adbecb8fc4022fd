"""The record of a run as it was read: strict, canonical, of a known schema, and compared member by member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from runbook.errors import UsageError
from runbook.record.findings import Notes
from runbook.record.statement import PREDICATE_TYPE, SCHEMA, STATEMENT_TYPE, content_digest, text
from runbook.record.strict import dumps, loads
from runbook.record.verify_files import RECORD, read_bounded
from runbook.record.verify_journal import Sealed

LARGEST_RECORD_BYTES = 64 * 2**20
MOST_DIFFERENCES = 20
LONGEST_VALUE = 120
MEMBERS: Mapping[str, type] = {"schema": int, "journal": dict, "contentDigest": dict, "run": dict, "steps": list}


@dataclass(frozen=True)
class SealedRecord:
    """A record that has the form of one.

    Attributes:
        data: The file, for the signature.
        made: The statement.
        subjects: SHA-256 of each file by its name.
        is_whole: It has its own digest: where it and a file differ, the file was changed.
    """

    data: bytes
    made: dict[str, Any]
    subjects: dict[str, str]
    is_whole: bool

    @property
    def sealed_chain(self) -> Sealed | None:
        """Where the journal's chain ends, if the record is whole."""
        journal = self.made["predicate"]["journal"]
        return (journal["events"], journal["chainHead"]) if self.is_whole else None


def read_record(path: Path, notes: Notes) -> SealedRecord | None:
    """The record in a file; None where it is none, which is noted."""
    try:
        data = read_bounded(path, LARGEST_RECORD_BYTES)
        made = loads(data)
    except OSError:
        return None  # noted when it was hashed
    except ValueError as error:
        notes.wrong(RECORD, f"it is damaged: {error}")
        return None
    wrong = next(_wrong_form(made), None)
    if wrong:
        notes.wrong(f"{RECORD}, {wrong[0]}", wrong[1])
        return None
    is_whole = made["predicate"]["contentDigest"]["sha256"] == content_digest(made)
    canonical = text(made).encode()
    if data != canonical:
        at = next((i for i, (a, b) in enumerate(zip(data, canonical, strict=False)) if a != b), len(canonical))
        notes.wrong(f"{RECORD}, line {data.count(bytes([10]), 0, at) + 1}", f"byte {at + 1} is not as it was written")
    subjects = {one["name"]: one["digest"]["sha256"] for one in made["subject"]}
    return SealedRecord(data, made, subjects, is_whole)


def check_schema(record: SealedRecord | None, begun: object, run: str) -> None:
    """Refuse what another version of this project wrote.

    Args:
        record: The record, where there is one.
        begun: The schema that the journal's first event names; None where it names none.
        run: Name of the run.

    Raises:
        UsageError: The run is of a newer schema, or of none, as before the first.
    """
    if record is None and begun is None:
        raise UsageError(
            f"{run} cannot be verified.",
            why="it was made before records said what verifying them needs, or is damaged beyond telling",
            next="The subjects of its record.json are the SHA-256 of its files; they can be compared by hand.",
        )
    named = record.made["predicate"]["schema"] if record else begun
    if type(begun) is int and named == begun and begun > SCHEMA:
        raise UsageError(
            f"{run} was made by a newer version.",
            why=f"its record has schema {begun}, and this version knows those up to {SCHEMA}",
            next="Verify it with the version that made it, or a newer one.",
        )


def compare_records(record: SealedRecord, again: Mapping[str, Any], notes: Notes) -> None:
    """Compare a record with the one that the folder makes again, and name what differs by its path."""
    before = len(notes.findings)
    parts = ("_type", "predicateType", "predicate")
    for path, sealed, found in differences({p: record.made[p] for p in parts}, {p: again[p] for p in parts}):
        if path.startswith("$.predicate.contentDigest") or (record.is_whole and path.startswith("$.predicate.results")):
            continue
        notes.wrong(f"{RECORD}, {path}", f"it says {sealed}, and the files say {found}")
    if not record.is_whole and len(notes.findings) == before:
        notes.wrong(f"{RECORD}, $.predicate.contentDigest.sha256", "the record does not have the digest that it names")
    if len(notes.findings) == before:
        notes.holds("the record says what the journal and the results say, member by member")


def differences(left: Any, right: Any, path: str = "$") -> Iterator[tuple[str, str, str]]:
    """The innermost members in which two JSON values differ: path, left, right; a flood of them is cut."""
    for count, found in enumerate(_differences(left, right, path)):
        if count >= MOST_DIFFERENCES:
            return
        yield found


def _differences(left: Any, right: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            inner = f"{path}.{key}"
            if key not in left or key not in right:
                yield inner, _shown(left, key), _shown(right, key)
            else:
                yield from _differences(left[key], right[key], inner)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif type(left) is not type(right) or left != right:
        yield path, _short(left), _short(right)


def _shown(value: Mapping[str, Any], key: str) -> str:
    return _short(value[key]) if key in value else "nothing"


def _short(value: Any) -> str:
    written = dumps(value)
    return written if len(written) <= LONGEST_VALUE else f"{written[:LONGEST_VALUE]}..."


def _wrong_form(made: Any) -> Iterator[tuple[str, str]]:
    """Where a value has not the form of a record."""
    if not isinstance(made, dict) or set(made) != {"_type", "subject", "predicateType", "predicate"}:
        yield "$", "it is no in-toto statement"
        return
    if made["_type"] != STATEMENT_TYPE:
        yield "$._type", f"it is not {STATEMENT_TYPE}"
    if not str(made["predicateType"]).startswith(PREDICATE_TYPE.rstrip("0123456789")):
        yield "$.predicateType", f"it is not {PREDICATE_TYPE}"
    yield from _wrong_subjects(made["subject"])
    predicate = made["predicate"]
    if not isinstance(predicate, dict):
        yield "$.predicate", "it is no object"
        return
    for key, kind in MEMBERS.items():
        if not isinstance(predicate.get(key), kind):
            yield f"$.predicate.{key}", "it is missing or of another type"
            return
    journal, digest = predicate["journal"], predicate["contentDigest"]
    if type(journal.get("events")) is not int or not isinstance(journal.get("chainHead"), str):
        yield "$.predicate.journal", "it does not say where the chain ends"
    if not isinstance(digest.get("sha256"), str):
        yield "$.predicate.contentDigest.sha256", "it is missing"


def _wrong_subjects(subjects: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(subjects, list) or not subjects:
        yield "$.subject", "it names no files"
        return
    seen: set[str] = set()
    for index, one in enumerate(subjects):
        place = f"$.subject[{index}]"
        if not isinstance(one, dict) or set(one) != {"name", "digest"} or not isinstance(one["name"], str):
            yield place, "it is not a name and a digest"
        elif not _is_inside(one["name"]) or one["name"] in seen:
            yield f"{place}.name", f"{one['name'][:LONGEST_VALUE]!r} is no file of this folder, or is named twice"
        elif not (isinstance(one["digest"], dict) and isinstance(one["digest"].get("sha256"), str)):
            yield f"{place}.digest", "it is no SHA-256"
        else:
            seen.add(one["name"])


def _is_inside(name: str) -> bool:
    """Whether a name stays in the folder, on every system."""
    path = PurePosixPath(name)
    plain = not path.is_absolute() and path.as_posix() == name and ".." not in path.parts
    return plain and name not in ("", ".") and not {"\\", "\0", ":"} & set(name)
