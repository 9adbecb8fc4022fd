"""The local cluster, started for real beside whatever else runs: what it leaves, and what it survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runbook.errors import LocalError
from runbook.local import Layout, cgroups, down, process, status, up
from runbook.local.inside import kubectl
from runbook.local.supervisor import KERNEL_SETTINGS

pytestmark = pytest.mark.cluster


def traces() -> dict[str, set[str]]:
    """Everything that a cluster could leave on this machine."""
    groups = {str(path) for root in cgroups.hierarchies() for path in root.glob("ollama-runbook-*")}
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout
    return {
        "mounts": set(Path("/proc/self/mounts").read_text().splitlines()),
        "interfaces": {path.name for path in Path("/sys/class/net").iterdir()},
        "cgroups": groups,
        "iptables": {line for line in rules.splitlines() if line.startswith("-A")},
        "settings": {f"{name}={(Path('/proc/sys') / name).read_text()}" for name in KERNEL_SETTINGS},
        "folders": {
            str(path) for folder in ("/run", "/var/lib", "/var/log", "/opt") for path in Path(folder).iterdir()
        },
    }


def processes_of(state: Path) -> list[str]:
    """Command lines that name the state folder."""
    found = []
    for candidate in psutil.process_iter(["cmdline"]):
        line = " ".join(candidate.info["cmdline"] or [])
        if str(state) in line and candidate.pid != os.getpid():
            found.append(line)
    return found


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / ".local"
    yield folder
    down(folder, print)


def test_down_leaves_no_process_mount_interface_cgroup_rule_or_kernel_setting(state: Path) -> None:
    before = traces()
    assert up(state, print).ready
    assert traces()["cgroups"] > before["cgroups"]
    down(state, print)
    assert traces() == before
    assert processes_of(state) == []


def test_down_leaves_nothing_after_the_supervisor_was_killed(state: Path) -> None:
    before = traces()
    up(state, print)
    supervisor = process.find(Layout(state))
    assert supervisor is not None
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait(10)
    assert not status(state).running
    assert processes_of(state) == []
    down(state, print)
    assert traces() == before


def test_after_a_kill_the_same_cluster_comes_back_with_its_objects(state: Path) -> None:
    up(state, print)
    layout = Layout(state)
    assert kubectl(layout, "create", "configmap", "kept", "--from-literal=a=b").returncode == 0
    identity = kubectl(layout, "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}").stdout
    supervisor = process.find(layout)
    assert supervisor is not None
    supervisor.kill()
    supervisor.wait(10)
    lines: list[str] = []
    assert up(state, lines.append).ready
    assert any("ended without" in line for line in lines)
    assert kubectl(layout, "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}").stdout == identity
    assert kubectl(layout, "get", "configmap", "kept", "-o", "jsonpath={.data.a}").stdout == "b"


def test_a_killed_program_is_restarted_and_said(state: Path) -> None:
    up(state, print)
    layout = Layout(state)
    supervisor = process.find(layout)
    assert supervisor is not None
    kubelet = next(child for child in supervisor.children() if child.name() == "kubelet")
    kubelet.kill()
    waiting_until_restarted = (status(state).programs.get("kubelet", "") for _ in range(200))
    assert any("restarted 1 time" in text for text in waiting_until_restarted)


def test_up_twice_is_harmless(state: Path) -> None:
    up(state, print)
    first = process.find(Layout(state))
    assert up(state, print).ready
    assert process.find(Layout(state)) == first


def test_a_program_that_cannot_run_is_named_with_its_last_words(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook.local.inside.READY_TIMEOUT_S", 4.0)
    state.mkdir()
    (state / "etcd").mkdir()
    (state / "etcd" / "member").write_text("a file where etcd wants a folder")
    with pytest.raises(LocalError, match="API server did not become ready") as caught:
        up(state, print)
    assert "etcd" in caught.value.why
    assert processes_of(state) == []


def test_an_interrupted_start_leaves_nothing_running(state: Path) -> None:
    before = traces()
    command = [sys.executable, "-m", "runbook.local", "up", str(state)]
    starting = subprocess.Popen(command, stderr=subprocess.PIPE)
    for _ in range(400):
        if (state / "process.json").exists():
            break
        time.sleep(0.05)
    starting.send_signal(signal.SIGINT)
    starting.communicate(timeout=60)
    assert starting.returncode != 0
    down(state, print)
    assert traces() == before
    assert up(state, print).ready, "and the next start goes on"
