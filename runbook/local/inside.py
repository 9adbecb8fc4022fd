"""What runs inside the cluster: its images, its own objects, the registry's model; and waiting for each."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template

import psutil

from runbook.errors import LocalError
from runbook.local import registry
from runbook.local.daemons import BLOBS_HOST, DOMAIN, REGISTRY_HOST, REGISTRY_PORT
from runbook.local.images import IMAGES
from runbook.local.layout import NODE, Cluster, Layout
from runbook.local.network import DNS_SERVICE
from runbook.local.watched import HEARTBEAT_S, Progress, elapsed, last_lines

OBJECTS = Path(__file__).parent / "objects"
DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))
READY_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Waiting:
    """Waits for things of one running cluster, saying every few seconds what for."""

    layout: Layout
    process: psutil.Process
    progress: Progress

    def until(self, condition: Callable[[], bool], *, saying: str, failed: str, pause_s: float = 0.2) -> None:
        """Return when the condition is true.

        Raises:
            LocalError: The cluster ended, or the condition did not come true within two minutes.
        """
        began = said = time.monotonic()
        while not condition():
            now = time.monotonic()
            if not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE:
                raise LocalError(
                    f"{failed}: the cluster's first process ended",
                    why=" / ".join(last_lines(self.layout.log("supervisor"), 3)),
                    next=f"read {self.layout.log('supervisor')}, then: runbook local up",
                )
            if now - began > READY_TIMEOUT_S:
                raise LocalError(
                    f"{failed} within {elapsed(READY_TIMEOUT_S)}", why=self.evidence(), next="runbook local status"
                )
            if now - said >= HEARTBEAT_S:
                said = now
                self.progress(f"{saying} ({elapsed(now - began)}); {self.why_not()}")
            time.sleep(pause_s)

    def why_not(self) -> str:
        """What the programs that were restarted, or do not run, said last."""
        programs = self.layout.read("status.json").get("programs", {})
        broken = [name for name, facts in programs.items() if facts["restarts"] or not facts["running"]]
        said = [f"{name}: {lines[-1][:200]}" for name in broken if (lines := last_lines(self.layout.log(name), 1))]
        return "; ".join(said) or "every program runs"

    def evidence(self) -> str:
        """`why_not`, and what the programs on the node complained of last."""
        said = ((name, last_complaint(self.layout.log(name))) for name in ("kubelet", "kube-proxy"))
        return "; ".join([self.why_not(), *(f"{name} complained: {text}" for name, text in said if text)])

    def for_api(self) -> None:
        """Wait until the API server says that it is ready."""
        self.until(
            lambda: bool(self.layout.read("status.json").get("api_ready")),
            saying="waiting for the API server",
            failed="the API server did not become ready",
        )

    def for_node(self) -> None:
        """Wait until the node is Ready, and DNS and storage are available."""
        self.until(
            lambda: node_ready(self.layout),
            saying=f"waiting for node {NODE}",
            failed=f"node {NODE} did not become Ready",
        )
        self.until(
            lambda: all(_available(self.layout, *deployment) for deployment in DEPLOYMENTS),
            saying="waiting for DNS and storage",
            failed="DNS and storage did not become ready",
        )


def last_complaint(log: Path) -> str:
    """The last error among the newest lines of a program that logs as Kubernetes does; empty if there is none."""
    lines = last_lines(log, 50)
    errors = [number for number, line in enumerate(lines) if re.match(r"E\d{4} ", line)]
    if not errors:
        return ""
    text = " ".join(line.strip() for line in lines[errors[-1] : errors[-1] + 2])  # the reason may follow on a new line
    return text.partition("] ")[2][:300]


def fill(layout: Layout, images: Path, waiting: Waiting) -> None:
    """Bring everything that the cluster needs inside, and wait until it is ready to be used."""
    _import_images(layout, images, waiting.process)
    cluster = Cluster.from_json(layout.read("cluster.json"))
    _apply_objects(layout, cluster)
    if registry.seed(f"http://{cluster.link.node_address}:{REGISTRY_PORT}"):
        waiting.progress(f"put the real model {registry.MODEL}:{registry.TAG} into the local registry")
    waiting.for_node()


def _import_images(layout: Layout, folder: Path, process: psutil.Process) -> None:
    """Import the images, unless this cluster has these very ones."""
    if layout.read("images.json").get("imported") == folder.name:
        return
    inside = ["nsenter", f"--target={process.pid}", "--mount", "--pid", "--net", "--root"]
    control = [*inside, str(layout.program("ctr")), "--address", "/run/containerd/containerd.sock"]
    deadline = time.monotonic() + 30
    for image in IMAGES:
        command = [*control, "--namespace", "k8s.io", "images", "import", str(folder / image.file)]
        while (ran := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
            if time.monotonic() > deadline:
                raise LocalError(
                    f"the image {image.name} could not be imported",
                    why=ran.stderr.strip()[-300:],
                    next=f"read {layout.log('containerd')}",
                )
            time.sleep(0.2)
    layout.write("images.json", {"imported": folder.name})


def _apply_objects(layout: Layout, cluster: Cluster) -> None:
    """Apply the cluster's own objects: DNS, storage, metrics, access."""
    values = {
        "state": str(layout.state),
        "node_address": cluster.link.node_address,
        "domain": DOMAIN,
        "dns_service": DNS_SERVICE,
        "registry_host": REGISTRY_HOST,
        "blobs_host": BLOBS_HOST,
    }
    texts = [Template(path.read_text()).substitute(values) for path in sorted(OBJECTS.glob("*.yaml"))]
    # A server that has just started may be slow to answer on a busy machine.
    applying = ["apply", "--server-side", "--force-conflicts", "--field-manager=runbook-local", "-f", "-"]
    ran = kubectl(layout, "--request-timeout=50s", *applying, stdin="\n---\n".join(texts))
    if ran.returncode:
        raise LocalError(
            "the local cluster's own objects could not be applied",
            why=ran.stderr.strip()[-500:],
            next="runbook local down, then runbook local up",
        )


def kubectl(layout: Layout, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the cluster's own kubectl as its administrator; a proxy in the environment is not asked."""
    command = [str(layout.program("kubectl")), f"--kubeconfig={layout.kubeconfig}", "--request-timeout=10s", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def node_ready(layout: Layout) -> bool:
    """Whether the node says that it is Ready; asks for at most two seconds."""
    query = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return kubectl(layout, "--request-timeout=2s", "get", "node", NODE, "-o", query).stdout.strip() == "True"
    return False


def _available(layout: Layout, namespace: str, name: str) -> bool:
    """Whether a Deployment has a replica of its newest form."""
    found = kubectl(layout, "get", "deployment", name, "-n", namespace, "-o", "json")
    if found.returncode:
        return False
    deployment = json.loads(found.stdout)
    state = deployment.get("status", {})
    seen = state.get("observedGeneration") == deployment["metadata"]["generation"]
    return bool(seen and state.get("availableReplicas", 0) > 0)
