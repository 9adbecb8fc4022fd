"""The files of a run as they lie there: each read once, as a stream, and hashed; what is no plain file is named."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runbook.record.files import open_plain, walk
from runbook.record.findings import Notes

BLOCK_BYTES = 1 << 20
JOURNAL = "journal.jsonl"
RECORD = "record.json"
SIGNATURE = "record.sig"


@dataclass
class Files:
    """What lies in a run folder.

    Attributes:
        root: The folder.
        digests: SHA-256 of each file by its name.
        unread: Names of what lies there and could not be read; each has its finding.
        size_bytes: How much was read.
    """

    root: Path
    digests: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    size_bytes: int = 0

    def __contains__(self, name: str) -> bool:
        return name in self.digests or name in self.unread

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.root / name


def read_files(root: Path, notes: Notes) -> Files:
    """Hash every file of a folder."""
    files = Files(root)
    block = memoryview(bytearray(BLOCK_BYTES))
    try:
        for name, entry in walk(root):
            _read(files, name, entry, block, notes)
    except (OSError, ValueError) as error:
        notes.wrong(".", f"the folder cannot be read: {_why(error)}")
    return files


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """All of a file.

    Raises:
        OSError: It cannot be read, or is no plain file.
        ValueError: It is longer than any such file may be.
    """
    with open_plain(path) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"it is longer than {most_bytes:,} bytes")
    return data


def compare(files: Files, sealed: Mapping[str, str], *, record_is_whole: bool, notes: Notes) -> None:
    """Compare the files with the digests that the record seals.

    Args:
        files: What lies there.
        sealed: SHA-256 by name, as the record has it.
        record_is_whole: The record has its own digest, so a difference is the file's.
        notes: Where what is found is written.
    """
    found = {name: digest for name, digest in files.digests.items() if name not in (RECORD, SIGNATURE)}
    before = len(notes.findings)
    for name in sorted(sealed.keys() - found.keys() - files.unread):
        notes.wrong(name, "the record names it, and it is missing")
    for name in sorted(found.keys() - sealed.keys()):
        notes.wrong(name, "the record does not name it")
    for name in sorted(name for name in found.keys() & sealed.keys() if found[name] != sealed[name]):
        twin = next((other for other in sealed if other != name and sealed[other] == found[name]), "")
        blame = f"it was changed; its SHA-256 is {found[name]}, sealed was {sealed[name]}"
        notes.wrong(name, f"it is {twin}" if twin else blame if record_is_whole else f"{blame}, or the record was")
    if len(notes.findings) == before:
        notes.holds(f"{len(found)} files have the digests that the record seals, none is missing and none was added")


def _read(files: Files, name: str, entry: os.DirEntry[str], block: memoryview, notes: Notes) -> None:
    try:
        if not entry.is_file(follow_symlinks=False):
            raise OSError("it is a link" if entry.is_symlink() else "it is not a plain file")
        files.digests[name], size_bytes = _digest(Path(entry.path), block)
        files.size_bytes += size_bytes
    except OSError as error:
        files.unread.add(name)
        notes.wrong(name, f"it cannot be read: {_why(error)}")


def _digest(path: Path, block: memoryview) -> tuple[str, int]:
    total, size_bytes = hashlib.sha256(), 0
    with open_plain(path) as file:
        while read := file.readinto(block):  # type: ignore[attr-defined] # every file opened for bytes has it
            total.update(block[:read])
            size_bytes += read
    return total.hexdigest(), size_bytes


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
