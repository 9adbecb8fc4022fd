"""Building the parts of the local cluster, once for every checkout of this user.

What is missing is counted before anything begins; each part is published whole, so that a build that is
killed goes on where it stopped and two builds at once share one result.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from runbook.errors import BuildFailed, LocalError
from runbook.local.cache import Cache, cache
from runbook.local.debian import unpack
from runbook.local.go import Go, find_go
from runbook.local.pins import DEBIAN_PARTS, GO_PARTS, MODULES, DebianPart, GoPart
from runbook.local.prepared import check_version, find_program, prepared_folder
from runbook.local.watched import HEARTBEAT_S, Progress, elapsed, last_lines, run_watched

COMPILER_CACHE_GB = 12.0
"""What the compilers' caches grow to while everything is built (measured), in GB of disk."""


@dataclass(frozen=True)
class Parts:
    """Where each program of the local cluster is, and what it was made from.

    Attributes:
        programs: Name of the program to its file.
        origin: Name of the part to where it came from: the key of its pins, or the folder of ready-made parts.
        ollama_libraries: Folder of compute backends that a release archive of Ollama brings, if it was used.
    """

    programs: dict[str, Path]
    origin: dict[str, str]
    ollama_libraries: Path | None = None


def build(progress: Progress) -> Parts:
    """Bring every part into the cache, and say where each is.

    Raises:
        BuildFailed: A part did not build or could not be downloaded.
        LocalError: A tool or the disk space is missing, or a ready-made part is another version.
    """
    here, ready = cache(), prepared_folder()
    found = _prepared(ready)
    go_parts = [part for part in GO_PARTS if part.name not in found]
    debian_parts = [part for part in DEBIAN_PARTS if not all(program in found for program in part.programs)]
    if _missing(here, go_parts, debian_parts):
        _build_missing(here, go_parts, debian_parts, progress)
    return _locate(here, found, go_parts, debian_parts, ready)


def _prepared(ready: Path | None) -> dict[str, Path]:
    """Programs that the folder of ready-made parts has, each checked to be the pinned version."""
    if ready is None:
        return {}
    found: dict[str, Path] = {}
    for part in GO_PARTS:
        if program := find_program(ready, part.name):
            check_version(part, program)
            found[part.name] = program
    for debian_part in DEBIAN_PARTS:
        programs = {name: find_program(ready, name) for name in debian_part.programs}
        found.update({name: path for name, path in programs.items() if path})
    return found


def _missing(here: Cache, go_parts: Sequence[GoPart], debian_parts: Sequence[DebianPart]) -> list[GoPart | DebianPart]:
    """The parts that the cache does not have, in the order they are built."""
    wanted: list[GoPart | DebianPart] = [*debian_parts, *go_parts]
    return [part for part in wanted if not here.part(part.name, part.key).exists()]


def _build_missing(
    here: Cache, go_parts: Sequence[GoPart], debian_parts: Sequence[DebianPart], progress: Progress
) -> None:
    """Build what is missing, one build at a time on this machine."""
    here.folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(here.lock)
    _acquire(lock, progress)
    try:
        here.forget_unfinished()
        missing = _missing(here, go_parts, debian_parts)
        if not missing:
            return
        _announce(here, missing, progress)
        go = _tools(missing)
        began = time.monotonic()
        for number, part in enumerate(missing, start=1):
            _build_one(here, part, go, f"[{number:2}/{len(missing)}] {part.name}", progress)
        forget_compilers(here, progress)
        size_gb = here.size_bytes() / 1e9
        progress(f"all {len(missing)} parts are built: {elapsed(time.monotonic() - began)}, {size_gb:.1f} GB kept")
    finally:
        lock.release()


def forget_compilers(here: Cache, progress: Progress) -> None:
    """Remove the compilers' caches, some 11 GB in a million files."""
    label = "removing the compilers' caches"
    run_watched(["rm", "-rf", str(here.work)], label=label, log=here.folder / "rm.log", progress=progress)
    (here.folder / "rm.log").unlink(missing_ok=True)


def _acquire(lock: FileLock, progress: Progress) -> None:
    """Wait for another build to end, and say so."""
    began, patience_s = time.monotonic(), 0.1
    while True:
        try:
            lock.acquire(timeout=patience_s)
            return
        except Timeout:
            waited, patience_s = elapsed(time.monotonic() - began), HEARTBEAT_S
            progress(f"another build of the same parts is running; waiting for it ({waited})")


def _announce(here: Cache, missing: Sequence[GoPart | DebianPart], progress: Progress) -> None:
    """Say what it will cost, and refuse when the disk is too small."""
    go_parts = [part for part in missing if isinstance(part, GoPart)]
    seconds = sum(part.build_s for part in go_parts) + 10 * (len(missing) - len(go_parts))
    kept_gb = sum(part.size_mb for part in missing) / 1000
    needed_gb = kept_gb + COMPILER_CACHE_GB * min(1.0, sum(part.build_s for part in go_parts) / 1500)
    free_gb = shutil.disk_usage(here.folder).free / 1e9
    progress(
        f"building {len(missing)} parts of the local cluster into {here.folder}: about {elapsed(seconds)} on 2 cores, "
        f"up to {needed_gb:.1f} GB of disk meanwhile, {kept_gb:.1f} GB kept ({free_gb:.0f} GB are free)"
    )
    if free_gb < needed_gb:
        raise LocalError(
            "the disk is too small to build the local cluster",
            why=f"{needed_gb:.1f} GB are needed in {here.folder} while building, {free_gb:.1f} GB are free",
            next="free some space, or set XDG_CACHE_HOME to a folder on a larger disk, and run the same command again",
        )


def _tools(missing: Sequence[GoPart | DebianPart]) -> Go | None:
    """The toolchain, checked before the first part, so that nothing fails after half an hour."""
    go_parts = [part for part in missing if isinstance(part, GoPart)]
    if not go_parts:
        return None
    if any(part.cgo_flags for part in go_parts) and not shutil.which("g++"):
        raise LocalError(
            "Ollama is built with a C++ compiler, and there is none",
            why="no `g++` on the PATH",
            next="sudo apt-get install g++ (make rebuild does it), then run the same command again",
        )
    return find_go()


def _build_one(here: Cache, part: GoPart | DebianPart, go: Go | None, label: str, progress: Progress) -> None:
    """Build one part and publish it."""
    if isinstance(part, GoPart):
        progress(f"{label} {part.version}: building, about {elapsed(part.build_s)}")
    else:
        progress(f"{label}: downloading")
    began = time.monotonic()
    facts: dict[str, object] = {"version": getattr(part, "version", "of the distribution")}
    if isinstance(part, GoPart):
        assert go is not None  # noqa: S101 - _tools found it: there is a Go part
        fill = partial(_fill_go, here, part, go, label, progress)
    else:
        fill = partial(_fill_debian, here, part, label, progress)
    here.publish(part.name, part.key, facts, fill)
    progress(f"{label}: done in {elapsed(time.monotonic() - began)}")


def _fill_go(here: Cache, part: GoPart, go: Go, label: str, progress: Progress, folder: Path) -> None:
    """Build a Go program into the part's folder."""
    environment = go.environment(dict(os.environ), here)
    environment["CGO_ENABLED"] = "1" if part.cgo_flags else "0"
    if part.cgo_flags:
        headers = _headers(here, part, go, environment, progress)
        flags = f"{part.cgo_flags} -I{headers} -I{headers}/usr/include"
        environment |= {"CGO_CFLAGS": flags, "CGO_CXXFLAGS": flags}
    log = here.work / "log" / f"{part.name}.log"
    command = [str(go.path), "build", "-v", "-ldflags", " ".join(("-s", "-w", *part.flags))]
    command += ["-o", str(folder / part.name), part.package]
    status = run_watched(
        command, label=label, log=log, progress=progress, environment=environment, folder=MODULES / part.module
    )
    if status:
        raise _explain(part, log)


def _headers(here: Cache, part: GoPart, go: Go, environment: dict[str, str], progress: Progress) -> Path:
    """A folder with the C++ headers that Ollama's module leaves out, from Debian and from the malgo module."""
    folder = here.work / "headers"
    if not folder.exists():
        scratch = here.work / f"part-headers-{os.getpid()}"
        unpack(part.headers, scratch, scratch=here.work, progress=progress)
        (scratch / "miniaudio").mkdir()
        header = _malgo(go, environment, MODULES / part.module) / "miniaudio.h"
        shutil.copyfile(header, scratch / "miniaudio" / "miniaudio.h")
        scratch.rename(folder)
    return folder


def _malgo(go: Go, environment: dict[str, str], module: Path) -> Path:
    """Folder of the Go module that carries miniaudio.h, downloaded if need be."""
    arguments = [str(go.path), "mod", "download", "-json", "github.com/gen2brain/malgo"]
    ran = subprocess.run(arguments, env=environment, cwd=module, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise BuildFailed("a header of Ollama could not be downloaded", why=(ran.stdout + ran.stderr).strip()[-300:])
    return Path(json.loads(ran.stdout)["Dir"])


CAUSES: tuple[tuple[str, str], ...] = (
    ("no space left on device", "free some disk space, then run the same command again: finished parts are kept"),
    ("i/o timeout", "the Go module proxy did not answer: look at the network, then run the same command again"),
    ("connection refused", "the Go module proxy did not answer: look at the network, then run the same command again"),
    ("no such host", "the Go module proxy was not found: look at DNS and GOPROXY, then run the same command again"),
    ("dial tcp", "the Go module proxy did not answer: look at the network, then run the same command again"),
    ("checksum mismatch", "a module is not the pinned one: look at what GOPROXY points to"),
    ("signal: killed", "the compiler was killed, most likely for lack of memory: close other programs, then try again"),
)
"""What the build's log says, in lower case, and what to do then; the first that fits."""


def _explain(part: GoPart, log: Path) -> BuildFailed:
    """The failure of a build in words: its last lines, and what to do about the known causes."""
    lines = last_lines(log, 40)
    text = "\n".join(lines).lower()
    following = next(
        (advice for sign, advice in CAUSES if sign in text), f"read {log}, then run the same command again"
    )
    return BuildFailed(f"{part.name} {part.version} did not build", why=" / ".join(lines[-3:])[:600], next=following)


def _fill_debian(here: Cache, part: DebianPart, label: str, progress: Progress, folder: Path) -> None:
    """Unpack a Debian part and keep its programs, each under the name the cluster calls it by."""
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    unpack(part.packages, unpacked, scratch=here.work, progress=lambda text: progress(f"{label}: {text}"))
    for name, places in part.programs.items():
        source = next((unpacked / place for place in places if (unpacked / place).exists()), None)
        if source is None:
            raise BuildFailed(
                f"the package {', '.join(part.packages)} of this distribution has no {name}",
                why=f"looked for {', '.join(places)}",
                next="put the program into a folder and name it: RUNBOOK_LOCAL_PARTS=/path make rebuild",
            )
        shutil.copy2(source, folder / name)
    shutil.rmtree(unpacked)


def _locate(
    here: Cache,
    found: dict[str, Path],
    go_parts: Sequence[GoPart],
    debian_parts: Sequence[DebianPart],
    ready: Path | None,
) -> Parts:
    """Every program and where its part came from."""
    programs, origin = dict(found), dict.fromkeys(found, str(ready))
    for part in go_parts:
        here.touch(part.name, part.key)
        programs[part.name] = here.part(part.name, part.key) / part.name
        origin[part.name] = part.key
    for debian_part in debian_parts:
        here.touch(debian_part.name, debian_part.key)
        folder = here.part(debian_part.name, debian_part.key)
        programs.update({name: folder / name for name in debian_part.programs if name not in found})
        origin[debian_part.name] = debian_part.key
    libraries = None
    if "ollama" in found and (beside := found["ollama"].parent.parent / "lib" / "ollama").is_dir():
        libraries = beside
    return Parts(programs, origin, libraries)
