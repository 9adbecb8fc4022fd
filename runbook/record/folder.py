"""The folder of a run, its name, and the lock that gives a target one run at a time.

```
outputs/<target>/
  .lock                    who is running now
  20261125T061500Z-3fa9/   a run
  lab/                     what notebooks opened by hand leave
```
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

from runbook.errors import RecordError, UsageError
from runbook.record.clock import now
from runbook.record.strict import dumps, loads

LAB = "lab"
# A killed run's kernels end when their nursery notices, at once on an idle machine.
DYING_S = 10.0


@dataclass(frozen=True)
class RunFolder:
    """Where a run keeps what."""

    path: Path

    @classmethod
    def create(cls, target_folder: Path) -> Self:
        """A new folder with a name of its own, however many start in the same second.

        Raises:
            RecordError: It cannot be made: no space, no right to write.
        """
        try:
            target_folder.mkdir(parents=True, exist_ok=True)
            folder = cls(_new_folder(target_folder))
            folder.notebooks.mkdir()
            folder.html.mkdir()
        except OSError as error:
            raise RecordError(f"No run can be kept in {target_folder}.", why=str(error)) from error
        return folder

    @classmethod
    def lab(cls, target_folder: Path) -> Self:
        """The folder of notebooks that are opened by hand, always the same.

        Raises:
            RecordError: It cannot be made.
        """
        folder = cls(target_folder / LAB)
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordError(f"No results can be kept in {folder.path}.", why=str(error)) from error
        return folder

    @property
    def id(self) -> str:
        """Name of the run."""
        return self.path.name

    @property
    def notebooks(self) -> Path:
        """The notebooks as executed."""
        return self.path / "notebooks"

    @property
    def html(self) -> Path:
        """The same, to read."""
        return self.path / "html"

    @property
    def journal(self) -> Path:
        """What happened, in order."""
        return self.path / "journal.jsonl"

    @property
    def results(self) -> Path:
        """What was found."""
        return self.path / "results.json"

    @property
    def record(self) -> Path:
        """The statement that seals the folder."""
        return self.path / "record.json"

    @property
    def signature(self) -> Path:
        """The signature of the statement, where there is one."""
        return self.path / "record.sig"

    @property
    def index(self) -> Path:
        """The run at a glance."""
        return self.path / "index.html"

    @property
    def guide(self) -> Path:
        """How the cluster was made."""
        return self.path / "rebuild.md"


def new_run_id() -> str:
    """A name for a run, such as `20261125T061500Z-3fa9`: names sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


@contextmanager
def only_run(target_folder: Path) -> Iterator[int]:
    """Hold the lock of a target for the length of the block; the system gives it back when the process ends.

    A process that inherits the descriptor it yields holds the lock as well, until it ends: so the kernels of a run
    that was killed are gone before the next run begins.

    Raises:
        UsageError: Another run holds it: its process and when it started are said.
        RecordError: The lock cannot be made: no space, no right to write.
    """
    with _open_lock(target_folder) as file:
        if not _locked(file):
            raise _busy(target_folder.name, file)
        _sign(file)
        try:
            yield file.fileno()
        finally:
            file.seek(0)
            file.truncate()
            fcntl.flock(file, fcntl.LOCK_UN)


def _locked(file: IO[str]) -> bool:
    """Take the lock, after a wait where the run that took it is dead and only its kernels are still to end."""
    deadline = time.monotonic() + DYING_S
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if _holder_lives(file) or time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _holder_lives(file: IO[str]) -> bool:
    """Whether the process that signed the lock still is there; one that has not signed yet is."""
    file.seek(0)
    try:
        os.kill(loads(file.read())["pid"], 0)
    except (ValueError, KeyError, TypeError, PermissionError):
        return True
    except ProcessLookupError:
        return False
    return True


def _new_folder(parent: Path) -> Path:
    while True:
        folder = parent / new_run_id()
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder


def _open_lock(target_folder: Path) -> IO[str]:
    try:
        target_folder.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(target_folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+")
    except OSError as error:
        raise RecordError(f"No run can be kept in {target_folder}.", why=str(error)) from error


def _sign(file: IO[str]) -> None:
    file.seek(0)
    file.truncate()
    file.write(dumps({"pid": os.getpid(), "startedAt": now()}))
    file.flush()


def _busy(target: str, file: IO[str]) -> UsageError:
    file.seek(0)
    try:
        holder = loads(file.read())
        who = f"process {holder['pid']}, started {holder['startedAt']}"
    except (ValueError, KeyError, TypeError):
        who = "a process that has not yet said its number"
    return UsageError(
        f"Target {target} is being rebuilt already.",
        why=who,
        next="Wait until it has ended, or end it; another target can run beside it.",
    )
