"""The Python that runs this, as files of an image: what a public `python:slim` is to other clusters.

It stands in `/usr/local`, as in that image, without tests, packages and compiled files. A library that is linked by
its full path keeps that path.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

HOME = "usr/local"
# Folders of the standard library that no program in a pod asks for.
LEFT_OUT = frozenset(
    {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "lib2to3", "ensurepip"}
)
# The extension that links a library beyond libc; others that do are not used in a pod.
LINKING = ("_ctypes",)


def program() -> Path:
    """The interpreter itself, not the link of a virtual environment."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


def version() -> str:
    """Its version, and where it comes from: what decides whether an image of it is still the same."""
    return f"{sys.version} {program()}"


def files() -> Iterator[tuple[str, Path, int]]:
    """Path in the image, file on this machine, and mode of everything that it needs to run."""
    yield f"{HOME}/bin/python3", program(), 0o755
    folder = f"{HOME}/lib/python{sys.version_info.major}.{sys.version_info.minor}"
    library = Path(sysconfig.get_path("stdlib"))
    linked = set(libraries(program()))
    for path in sorted(library.rglob("*")):
        inside = path.relative_to(library)
        if LEFT_OUT.intersection(inside.parts) or inside.parts[0].startswith("config-") or not path.is_file():
            continue
        if path.suffix in {".py", ".so"}:
            yield f"{folder}/{inside}", path, 0o644
        if path.name.partition(".")[0] in LINKING:
            linked.update(libraries(path))
    for path in sorted(linked):
        yield str(path).lstrip("/"), path, 0o755


def libraries(file: Path) -> list[Path]:
    """The shared libraries that a program or a library links, the loader included, as its own loader finds them."""
    ran = subprocess.run(["ldd", file], capture_output=True, text=True, check=False)
    return [Path(path) for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", ran.stdout, re.MULTILINE)]
