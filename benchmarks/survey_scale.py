"""How long the survey asks the API, and how much memory it takes, as a cluster grows to 5,000 nodes and 10,000 pods.

A control plane of its own, made of the local cluster's programs, is filled with nodes and pods as real ones are: with
labels, conditions, cached images, field owners. The survey and `kubectl get nodes,pods -A -o json` take turns, each a
process of its own with its start and its imports. The API part is what the survey's process measures of itself:
listing nodes, pods, metrics and storage classes, and computing the facts.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook import hardware, kubernetes
from runbook.local.control_plane import CONTEXT, control_plane
from runbook.local.parts import build
from runbook.parameters import Parameters

SIZES = (10, 100, 1_000, 5_000)
PODS_PER_NODE = 2
IMAGES_PER_NODE = 30
GOAL_S, GOAL_MIB, GOAL_RATIO = 10.0, 400.0, 1.0
Json = dict[str, Any]


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    wall_s: float
    peak_mib: float
    api_s: float = math.nan


def node(number: int) -> Json:
    """A node as a kubelet reports it."""
    name = f"node-{number:05}"
    images = [
        {
            "names": [f"registry.example/team/app-{i}@sha256:{i:064x}", f"registry.example/team/app-{i}:v1"],
            "sizeBytes": i,
        }
        for i in range(IMAGES_PER_NODE)
    ]
    heard = {"lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    conditions = [
        {"type": kind, "status": "True" if kind == "Ready" else "False", "reason": kind, "message": f"about {kind}"}
        | heard
        for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    ]
    room = {"cpu": "12", "memory": "16332532Ki", "pods": "110", "ephemeral-storage": "100Gi", "hugepages-2Mi": "0"}
    info = {
        "architecture": "amd64", "operatingSystem": "linux", "kernelVersion": "6.1.0-18-amd64", "bootID": f"{number}",
        "osImage": "Debian GNU/Linux 12 (bookworm)", "containerRuntimeVersion": "containerd://1.7.12",
        "machineID": name, "kubeletVersion": "v1.36.3", "kubeProxyVersion": "", "systemUUID": f"{number}",
    }  # fmt: skip
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "zone": "a"}
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": "10.0.0.0/24"},
        "status": {
            "capacity": room, "allocatable": room | {"memory": "15Gi"}, "conditions": conditions, "images": images,
            "nodeInfo": info, "addresses": [{"type": "Hostname", "address": name}],
        },
    }  # fmt: skip


def pod(number: int) -> Json:
    """A pod as a Deployment makes it."""
    env = [{"name": f"SETTING_{i}", "value": "a value of some length"} for i in range(8)]
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10, "timeoutSeconds": 5}
    container = {
        "name": "app", "image": "registry.example/team/app:v1", "env": env,
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "livenessProbe": probe, "readinessProbe": probe, "ports": [{"containerPort": 8080}],
    }  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": f"app-{number:06}", "namespace": "default", "labels": {"app": "app", "pod-template-hash": "abc"},
            "annotations": {"checksum/config": f"{number:064x}"},
        },
        "spec": {"nodeName": f"node-{number // PODS_PER_NODE:05}", "containers": [container]},
    }  # fmt: skip


def fill(cluster: kubernetes.Cluster, before: int, after: int) -> None:
    """Create the nodes from one number to the other, and their pods."""

    def send(bodies: Iterable[Json], make: Callable[[Json], object]) -> None:
        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(make, bodies):
                pass

    send(map(node, range(before, after)), cluster.create)
    send(map(pod, range(before * PODS_PER_NODE, after * PODS_PER_NODE)), cluster.create)


def survey(kubeconfig: str) -> None:
    """What the measured process does: the survey's API part, and the seconds it took on stdout."""
    parameters = Parameters(target="scale", context=CONTEXT, kubeconfig=kubeconfig)
    cluster = kubernetes.connect(parameters)
    began = time.perf_counter()
    found = hardware.survey(
        kubernetes.list_nodes(cluster),
        kubernetes.list_loads(cluster),
        kubernetes.node_metrics(cluster),
        kubernetes.list_storage_classes(cluster),
    )
    print(json.dumps({"api_s": time.perf_counter() - began, "nodes": len(found.nodes)}))


def cost(command: list[str], environment: dict[str, str]) -> Cost:
    """Run a process to its end, its output into a file."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as written:
        process = subprocess.Popen(command, stdout=written, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        written.seek(0)
        own = json.load(written) if "--survey" in command else {}
    unit = 1 if platform.system() == "Darwin" else 1024
    return Cost(wall, used.ru_maxrss * unit / 2**20, own.get("api_s", math.nan))


def middle(costs: list[Cost]) -> Cost:
    """The median of each figure, and the highest peak."""
    return Cost(
        statistics.median(one.wall_s for one in costs),
        max(one.peak_mib for one in costs),
        statistics.median(one.api_s for one in costs),
    )


def measure(sizes: Iterable[int], rounds: int) -> dict[int, tuple[Cost, Cost]]:
    """Survey and kubectl at each size."""
    parts = build(lambda text: print(text, file=sys.stderr))
    found = {}
    with control_plane(parts.programs) as plane:
        cluster = kubernetes.connect(Parameters(target="scale", context=CONTEXT, kubeconfig=str(plane.kubeconfig)))
        ours = [sys.executable, __file__, "--survey", str(plane.kubeconfig)]
        peer = [str(parts.programs["kubectl"]), "get", "nodes,pods", "-A", "-o", "json"]
        environment = os.environ | {"KUBECONFIG": str(plane.kubeconfig)}
        before = 0
        for size in sizes:
            began = time.monotonic()
            fill(cluster, before, size)
            print(f"{size} nodes: filled in {time.monotonic() - began:.0f} s", file=sys.stderr)
            before = size
            pairs = [(cost(ours, environment), cost(peer, environment)) for _ in range(rounds)]
            found[size] = (middle([one for one, _ in pairs]), middle([other for _, other in pairs]))
    return found


def report(found: dict[int, tuple[Cost, Cost]]) -> None:
    """The table and the summary."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"{'nodes':>6} {'pods':>7} {'API part':>9} {'survey':>8} {'peak':>9} {'kubectl':>8} {'peak':>9} {'ratio':>6}")
    for size, (ours, peer) in found.items():
        whole = " ".join(f"{one.wall_s:>6.2f} s {one.peak_mib:>5.0f} MiB" for one in (ours, peer))
        ratio = ours.wall_s / peer.wall_s
        print(f"{size:>6,} {size * PODS_PER_NODE:>7,} {ours.api_s:>7.2f} s {whole} {ratio:>6.2f}")
    largest, base = max(found), sorted(found)[-2]
    ours, peer = found[largest]
    growth = math.log(ours.api_s / found[base][0].api_s) / math.log(largest / base)
    print(
        f"{largest:,} nodes: API part {ours.api_s:.1f} s (at most {GOAL_S:g} wanted), peak {ours.peak_mib:.0f} MiB (at "
        f"most {GOAL_MIB:g}), grows with nodes to the power {growth:.2f} (at most 1 wanted), survey against kubectl "
        f"{ours.wall_s / peer.wall_s:.2f} (at most {GOAL_RATIO:g})"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 1,000 nodes, one round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each at every size")
    parser.add_argument("--survey", metavar="KUBECONFIG", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.survey:
        survey(str(Path(arguments.survey)))
        return
    report(measure(SIZES[:3] if arguments.quick else SIZES, 1 if arguments.quick else arguments.rounds))


if __name__ == "__main__":
    main()
