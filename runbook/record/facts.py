"""What a run was made with: the version of the project, its packages, this machine, who asked for it."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from runbook.record.files import sha256
from runbook.targets import PROJECT

GIT_TIMEOUT_S = 10.0


def environment() -> dict[str, Any]:
    """The facts of this process's surroundings, as they go into the first event of a run."""
    return {
        "actor": actor(),
        "host": host(),
        "source": source_version(),
        "packages": packages(),
        "materials": materials(_kept_sources()),
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
    """The project's commit, and whether the checkout differed from it; null where git does not know."""
    commit = _git("rev-parse", "--verify", "--quiet", "HEAD")
    status = _git("status", "--porcelain")
    return {"gitCommit": commit or None, "gitDirty": None if status is None else bool(status)}


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


def _git(*arguments: str) -> str | None:
    """What git says about the checkout; None where there is no git, no repository or no answer."""
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
