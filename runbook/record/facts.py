"""What a run was made with: the version of the project, its packages, this machine, who asked for it, who signs it."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from runbook.record.files import sha256
from runbook.record.sign import signer
from runbook.targets import PROJECT

GIT_TIMEOUT_S = 10.0
LARGEST_NEW_FILE_BYTES = 64 * 2**20


def environment() -> dict[str, Any]:
    """The facts of this process's surroundings, as they go into the first event of a run."""
    return {
        "actor": actor(),
        "host": host(),
        "source": source_version(),
        "packages": packages(),
        "materials": [package_digest(), *materials(_kept_sources())],
        "signer": signer(),
    }


def actor() -> str:
    """Who asked for the run: `RUNBOOK_ACTOR`, else the number of the account, since its name is masked."""
    return os.environ.get("RUNBOOK_ACTOR") or f"uid {os.getuid()}"


def host() -> dict[str, Any]:
    """The machine that executed the notebooks."""
    return {
        "system": platform.platform(),
        "architecture": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }


def source_version() -> dict[str, Any]:
    """The project's commit, and how the checkout differed from it; null where git does not know.

    `gitDiff` is the SHA-256 of `git diff HEAD --binary`, followed by name and digest of each file that git does not
    know and does not ignore; null where the checkout is clean.
    """
    commit = _git("rev-parse", "--verify", "--quiet", "HEAD")
    status = _git("status", "--porcelain")
    diff = _diff_digest() if status and commit else None
    return {
        "gitCommit": commit.strip() if commit else None,
        "gitDirty": None if status is None else bool(status),
        "gitDiff": diff,
    }


def package_digest() -> dict[str, Any]:
    """This package as one material: SHA-256 over the name and digest of each of its files, by name."""
    root = Path(__file__).parents[1]
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    total = hashlib.sha256()
    for path in files:
        total.update(f"{sha256(path)}  {path.relative_to(root).as_posix()}\n".encode())
    return {"name": "runbook", "digest": {"sha256": total.hexdigest()}}


def packages() -> dict[str, str]:
    """The installed Python packages and their versions."""
    found = ((package.metadata["Name"], package.version) for package in distributions())
    return dict(sorted((name.lower(), version) for name, version in found if name))


def materials(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Files that went into a run, by name and digest."""
    return [{"name": _name(file), "digest": {"sha256": sha256(file)}} for file in files]


def _kept_sources() -> list[Path]:
    """What decides a run beside the notebooks: manifests, targets, pinned requirements."""
    kept = [*PROJECT.glob("manifests/**/*.yaml"), *PROJECT.glob("targets/*.yaml"), *PROJECT.glob("requirements*.txt")]
    return sorted(kept)


def _name(file: Path) -> str:
    return file.relative_to(PROJECT).as_posix() if file.is_relative_to(PROJECT) else file.name


def _diff_digest() -> str | None:
    diff = _git("diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv")
    new = _git("ls-files", "--others", "--exclude-standard", "-z")
    if diff is None or new is None:
        return None
    total = hashlib.sha256(diff.encode("utf-8", "surrogateescape"))
    for name in sorted(filter(None, new.split("\0"))):
        total.update(f"{name} {_new_file(PROJECT / name)}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _new_file(path: Path) -> str:
    """Digest of a file that git does not know; its length alone where it is large, since a run must not wait for it."""
    try:
        size_bytes = path.lstat().st_size
        large = size_bytes > LARGEST_NEW_FILE_BYTES or not path.is_file()
        return f"of {size_bytes} bytes" if large else sha256(path)
    except OSError:
        return "unreadable"


def _git(*arguments: str) -> str | None:
    """What git says about the checkout; None where there is no git, no repository or no answer."""
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape")
