"""Files of the record: written whole or not at all, and named by their digests."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# What file managers leave in any folder they show.
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
# What `write_atomic` leaves when it is killed.
SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}")
MOST_FILES = 100_000


def write_atomic(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Replace a file in one step: a reader, or a crash at any moment, finds the old content or the new.

    Args:
        path: The file.
        content: All of it.
        durable: It must survive a power cut; a draft that is soon written again need not, and costs less.

    Raises:
        OSError: It could not be written; the old content is still there.
    """
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    scratch = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            if durable:
                os.fsync(file.fileno())
        scratch.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def walk(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything in a folder but its folders, by its name from there; no link is followed, litter is passed over.

    Raises:
        OSError: A folder cannot be read.
        ValueError: There are more files than any run has.
    """
    waiting, count = [("", root)], 0
    while waiting:
        prefix, folder = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                count += 1
                if count > MOST_FILES:
                    raise ValueError(f"it holds more than {MOST_FILES:,} files")
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{prefix}{entry.name}/", Path(entry.path)))
                elif entry.name not in LITTER:
                    yield f"{prefix}{entry.name}", entry


def remove_scratch(root: Path) -> None:
    """Remove what writers that were killed left half written.

    Raises:
        OSError: A file cannot be removed.
    """
    for _, entry in list(walk(root)):
        if SCRATCH.fullmatch(entry.name):
            Path(entry.path).unlink()


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading that is a file: no link is followed, and no pipe waited for.

    Raises:
        OSError: It cannot be read, or is something else.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("it is not a plain file")
    return os.fdopen(handle, "rb")


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
