"""Unpacking Debian packages into a folder, without installing them.

Nothing is installed, so no service starts, no Docker is replaced, and no root is needed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from runbook.errors import BuildFailed
from runbook.local.watched import Progress, last_lines, run_watched


def unpack(packages: Iterable[str], folder: Path, *, scratch: Path, progress: Progress) -> dict[str, str]:
    """Download packages of this machine's distribution and unpack them into `folder`.

    Returns:
        Package name to version.

    Raises:
        BuildFailed: There is no apt, or a package could not be had.
    """
    names = list(packages)
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise BuildFailed(
            f"{', '.join(names)} could not be unpacked",
            why="this machine has no apt-get: the local cluster is built on Debian and Ubuntu",
            next="put ready-made parts into a folder and name it: RUNBOOK_LOCAL_PARTS=/path make rebuild",
        )
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="part-deb-", dir=scratch) as name:
        downloads = Path(name)
        _download(names, downloads, progress)
        versions = {}
        for archive in sorted(downloads.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", archive, folder], check=True, capture_output=True)
            shown = subprocess.run(
                ["dpkg-deb", "--show", "--showformat=${Package} ${Version}", archive],
                check=True, capture_output=True, text=True,
            ).stdout  # fmt: skip
            package, version = shown.split(" ", 1)
            versions[package] = version
    return versions


def _download(names: list[str], folder: Path, progress: Progress) -> None:
    """Fetch the packages with the machine's lists, or with fresh ones of our own where those are missing or old."""
    label = f"downloading {', '.join(names)}"
    log = folder / "apt.log"
    if _apt(["download", *names], folder, label, log, progress) == 0:
        return
    state = folder / "state"
    (state / "lists" / "partial").mkdir(parents=True)
    (state / "archives" / "partial").mkdir(parents=True)
    own = ["-o", f"Dir::State::lists={state}/lists", "-o", f"Dir::Cache={state}"]
    if _apt([*own, "update"], folder, "reading the package lists", log, progress) == 0 and (
        _apt([*own, "download", *names], folder, label, log, progress) == 0
    ):
        return
    raise BuildFailed(
        f"{', '.join(names)} could not be downloaded",
        why=" / ".join(last_lines(log, 3)),
        next="look at the network and /etc/apt/sources.list, then run the same command again",
    )


def _apt(arguments: list[str], folder: Path, label: str, log: Path, progress: Progress) -> int:
    """Run apt-get in `folder`. The sandbox user of root's apt may not write there, so it is not used."""
    command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2", *arguments]
    return run_watched(command, label=label, log=log, progress=progress, folder=folder)
