"""The cache of built parts, outside every checkout: one folder a part, published whole or not at all.

```
ollama-runbook/
  parts/<name>-<key>/   the programs of one part, and part.json
  build/                what is being built, and the compilers' own caches; gone after a successful build
  build.lock            one build at a time
```
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

UNUSED_S = 14 * 86_400
"""A part of other pins is kept this long after its last use: another checkout may be on that version."""


@dataclass(frozen=True)
class Cache:
    """The cache folder and the places in it."""

    folder: Path

    @property
    def parts(self) -> Path:
        """Finished parts."""
        return self.folder / "parts"

    @property
    def work(self) -> Path:
        """Unfinished parts and the compilers' caches."""
        return self.folder / "build"

    @property
    def lock(self) -> Path:
        """Held by the one build that runs."""
        return self.folder / "build.lock"

    def part(self, name: str, key: str) -> Path:
        """Folder of a finished part; it exists only when the part is whole."""
        return self.parts / f"{name}-{key}"

    def publish(self, name: str, key: str, facts: dict[str, object], fill: Callable[[Path], None]) -> Path:
        """Make a part in a scratch folder and move it into place in one step.

        Args:
            name: The part.
            key: Digest of its pins.
            facts: What `part.json` says about it.
            fill: Writes the part's files into the folder it is given.

        Returns:
            The folder of the finished part.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        self.parts.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"part-{name}-", dir=self.work))
        try:
            fill(scratch)
            (scratch / "part.json").write_text(json.dumps({"name": name, "key": key, **facts}, indent=1) + "\n")
            scratch.chmod(0o755)
            target = self.part(name, key)
            if target.exists():
                shutil.rmtree(target)
            scratch.rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return target

    def forget_unfinished(self) -> None:
        """Remove what a killed build left half-made; the compilers' caches stay and save the next one time."""
        for scratch in self.work.glob("part-*"):
            shutil.rmtree(scratch, ignore_errors=True)

    def touch(self, name: str, key: str) -> None:
        """Remember that a part is in use, and remove forms of it that nobody used for two weeks."""
        used = self.part(name, key)
        with contextlib.suppress(OSError):
            os.utime(used / "part.json")
        for other in self.parts.glob(f"{name}-{'?' * len(key)}"):
            facts = other / "part.json"
            if other != used and (not facts.exists() or time.time() - facts.stat().st_mtime > UNUSED_S):
                shutil.rmtree(other, ignore_errors=True)

    def size_bytes(self) -> int:
        """Disk space that the finished parts take."""
        return sum(path.lstat().st_size for path in self.parts.rglob("*") if path.is_file())


def cache() -> Cache:
    """The cache of this user: `$XDG_CACHE_HOME/ollama-runbook`, or `~/.cache/ollama-runbook`."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Cache(Path(root) / "ollama-runbook")
