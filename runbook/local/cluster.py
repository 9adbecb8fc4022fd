"""The four verbs of the local cluster: up, status, down, clean.

`up` builds what is missing, starts the supervisor in namespaces of its own, and waits until the node is ready.
The cluster's data outlives `down`, a reboot and a kill; `clean` deletes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from runbook.errors import LocalError
from runbook.local import cgroups, network, process
from runbook.local.cache import cache
from runbook.local.images import build_images
from runbook.local.inside import Waiting, fill, node_ready
from runbook.local.layout import NODE, Layout
from runbook.local.parts import Parts, build
from runbook.local.prepare import prepare
from runbook.local.privilege import as_root, is_root
from runbook.local.watched import Progress


@dataclass(frozen=True)
class LocalStatus:
    """What is known of a local cluster.

    Attributes:
        running: Whether its supervisor runs.
        ready: Whether its API server answers and its node is Ready.
        summary: One sentence for people.
        programs: Program to what it does: `running`, `running, restarted 2 times`, `down: signal 9`.
        kubeconfig: The kubeconfig that reaches it.
        state_bytes: Disk space of its state.
        cache_bytes: Disk space of the built parts, shared by all checkouts.
    """

    running: bool
    ready: bool
    summary: str
    programs: dict[str, str]
    kubeconfig: str
    state_bytes: int
    cache_bytes: int


def up(state: Path, progress: Progress) -> LocalStatus:
    """Bring the cluster up; harmless when it is up.

    Raises:
        LocalError: A part did not build, or the cluster did not become ready; the message says which and why.
    """
    layout = Layout(state.resolve())
    root = is_root()
    parts = build(progress)
    if not root:
        as_root("up", layout.state)
        return status(layout.state)
    images = build_images(parts)
    with process.alone(layout, progress):
        if process.find(layout) is None:
            _start(layout, parts, progress)
        running = process.find(layout)
        if running is None:
            raise LocalError("the local cluster ended while it was started", next="runbook local up")
        fill(layout, images, Waiting(layout, running, progress))
    return status(layout.state)


def _start(layout: Layout, parts: Parts, progress: Progress) -> None:
    """Start the supervisor, after removing what an earlier one left."""
    if layout.read("process.json"):
        progress("the local cluster ended without `down` (a kill, or a restart of the machine); starting it again")
    else:
        progress("starting the local cluster")
    process.stop(layout, lambda _: None)
    cluster = prepare(layout, parts)
    cgroups.create(layout.name)
    try:
        child = process.spawn(layout)
        network.connect(cluster.link, child.pid)
        Waiting(layout, child, progress).for_api()
    except BaseException:
        process.stop(layout, lambda _: None)
        raise


def down(state: Path, progress: Progress) -> None:
    """Stop the cluster and remove every trace of it but its data; harmless when it is down.

    Raises:
        LocalError: A process of the cluster does not end.
    """
    layout = Layout(state.resolve())
    root = is_root()
    if not layout.state.exists() and not process.traces(layout):
        progress("there is no local cluster")
        return
    if not root:
        as_root("down", layout.state)
        return
    with process.alone(layout, progress):
        was_running = process.stop(layout, progress)
    progress("the local cluster is down; its data is kept" if was_running else "the local cluster was down already")


def clean(state: Path, progress: Progress, *, parts: bool = True) -> None:
    """Stop the cluster and delete its data, and the built parts unless they are to be kept.

    The caller has asked before: models, volumes and everything in the cluster are lost.
    """
    layout = Layout(state.resolve())
    down(layout.state, progress)
    if layout.state.exists() and not is_root():
        as_root("delete", layout.state)
    shutil.rmtree(layout.state, ignore_errors=True)
    if parts:
        shutil.rmtree(cache().folder, ignore_errors=True)
    progress("the local cluster's data is deleted" + (", and the built parts with it" if parts else ""))


def status(state: Path) -> LocalStatus:
    """What the cluster does now; asks it for at most two seconds."""
    layout = Layout(state.resolve())
    running = process.find(layout) is not None
    said = layout.read("status.json").get("programs", {}) if running else {}
    ready = running and node_ready(layout)
    return LocalStatus(
        running=running,
        ready=ready,
        summary=_summary(layout, running=running, ready=ready),
        programs={name: _describe(facts) for name, facts in said.items()},
        kubeconfig=str(layout.kubeconfig),
        state_bytes=_size(layout.state),
        cache_bytes=cache().size_bytes(),
    )


def _summary(layout: Layout, *, running: bool, ready: bool) -> str:
    """The state of the cluster in a sentence."""
    if ready:
        return f"the local cluster is up: node {NODE} is Ready"
    if running:
        return "the local cluster runs, but its node is not Ready"
    if layout.read("process.json"):
        return "the local cluster ended without `down`; its data is kept: runbook local up starts it again"
    if layout.read("cluster.json"):
        return "the local cluster is down; its data is kept"
    return "there is no local cluster"


def _describe(facts: dict[str, object]) -> str:
    """What a program does, in words."""
    restarts = int(str(facts.get("restarts", 0)))
    text = "running" if facts.get("running") else f"down: {facts.get('last_exit') or 'not started yet'}"
    return f"{text}, restarted {restarts} time{'s' if restarts != 1 else ''}" if restarts else text


def _size(folder: Path) -> int:
    """Disk space of a folder in bytes; what may not be read counts nothing."""
    total = 0
    for place, _, names in os.walk(folder, onerror=lambda _: None):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_size
    return total
