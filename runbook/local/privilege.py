"""Root, where the kernel asks for it: namespaces, mounts, cgroups, interfaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from runbook.errors import LocalError
from runbook.local.prepared import VARIABLE


def is_root() -> bool:
    """Whether we may do it ourselves.

    Raises:
        LocalError: This machine cannot carry a local cluster at all.
    """
    if not sys.platform.startswith("linux"):
        raise LocalError(
            "the local cluster runs on Linux only",
            why=f"this machine is {sys.platform}",
            next="name a cluster of your own: make rebuild TARGET=homelab",
        )
    return os.geteuid() == 0


def as_root(verb: str, state: Path) -> None:
    """Do a verb of `runbook.local` as root, through sudo, with our cache and our ready-made parts.

    Raises:
        LocalError: There is no sudo, or the verb failed.
    """
    if not shutil.which("sudo"):
        raise LocalError(
            "the local cluster needs root: namespaces, mounts and cgroups are the kernel's",
            why="you are not root, and there is no sudo",
            next="run the same command as root",
        )
    names = ("XDG_CACHE_HOME", VARIABLE, "HOME")
    kept = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    command = ["sudo", "env", *kept, sys.executable, "-m", "runbook.local", verb, str(state)]
    if subprocess.run(command, check=False).returncode:
        raise LocalError(
            f"`{verb}` of the local cluster failed as root",
            why="what it said stands above",
            next="mend that, or run the same command as root",
        )
