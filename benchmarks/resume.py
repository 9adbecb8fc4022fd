"""What a broken pull costs: a pull interrupted at 40 %, once by each thing that can break, and what is fetched twice.

On the local cluster, in a namespace of the benchmark's own, from a registry that is slow on purpose and counts the
bytes it sends. Ollama fetches a large layer in chunks of at least 100 MB. The peer is the pull that is not broken.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runbook import kubernetes, ollama
from runbook.commands.local import state_folder
from runbook.errors import ClusterError, RunbookError
from runbook.local import Layout
from runbook.local.daemons import BLOBS_HOST, BLOBS_PORT, REGISTRY_HOST, REGISTRY_PORT
from runbook.parameters import Parameters
from runbook.targets import PROJECT, load_target

CHUNK_BYTES = 100_000_000
GOAL_CHUNKS = 1.0
BREAK_AT_PERCENT = 40.0
SLOW_REGISTRY = PROJECT / "tests" / "cluster" / "ollama" / "slow_registry.py"
RUNBOOK = PROJECT / ".venv" / "bin" / "runbook"
PORT = 5055


@dataclass(frozen=True)
class Row:
    """One pull.

    Attributes:
        broken: What was broken.
        seconds: How long it took.
        attempts: How often the server was asked.
        sent_bytes: What the registry sent of the model's largest layer.
        twice_bytes: What of that was sent more than once.
        same: Whether the digest is the one it should be.
    """

    broken: str
    seconds: float
    attempts: int
    sent_bytes: int
    twice_bytes: int
    same: bool


class SlowRegistry:
    """The registry, inside the cluster's network; it can be killed and started again."""

    def __init__(self, layout: Layout, log: Path, mb_per_s: float) -> None:
        cluster = json.loads((layout.kubeconfig.parent / "cluster.json").read_text())
        self._pid = str(json.loads((layout.kubeconfig.parent / "process.json").read_text())["pid"])
        self._node = cluster["link"]["node_address"]
        self._log, self._rate = log, mb_per_s * 1e6
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        upstream, blobs = f"http://{self._node}:{REGISTRY_PORT}", f"http://{self._node}:{BLOBS_PORT}"
        enter = ["nsenter", "--target", self._pid, "--net", sys.executable, str(SLOW_REGISTRY)]
        settings = [self._node, str(PORT), BLOBS_HOST, upstream, blobs, str(self._log), str(self._rate)]
        self._process = subprocess.Popen([*enter, *settings])
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((self._node, PORT), 1):
                return
            time.sleep(0.1)
        sys.exit("the slow registry does not listen")

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def sent(self) -> tuple[int, int]:
        """Bytes sent of the largest layer, and how many of them were sent more than once."""
        pieces: dict[str, list[tuple[int, int]]] = {}
        for line in self._log.read_text().splitlines():
            digest, at, length = line.split()
            pieces.setdefault(digest, []).append((int(at), int(length)))
        most = max(pieces.values(), key=lambda found: max(at + length for at, length in found), default=[])
        return sum(length for _, length in most), sum(length for _, length in most) - _covered(most)


def _covered(pieces: list[tuple[int, int]]) -> int:
    """How many different bytes the pieces hold."""
    total = end = 0
    for at, length in sorted(pieces):
        total += max(0, at + length - max(end, at))
        end = max(end, at + length)
    return total


@dataclass(frozen=True)
class Bench:
    """What every case works with."""

    parameters: Parameters
    cluster: kubernetes.Cluster
    registry: SlowRegistry
    log: Path
    checkpoint_s: float

    def case(self, broken: str, breaks: Callable[[], None] | None, address: str = "") -> Row:
        """One pull through a forwarded port, with something broken once at 40 %."""
        self.clean()
        broke = threading.Event()

        def watch(progress: ollama.PullProgress) -> None:
            if breaks and progress.percent >= BREAK_AT_PERCENT and not broke.is_set():
                broke.set()
                threading.Thread(target=breaks, daemon=True).start()

        begun = time.monotonic()
        with self.server(address) as server:
            pulled = ollama.pull_model(
                server,
                self.parameters.text_model,
                registry=self.parameters.registry,
                insecure=True,
                on_progress=watch,
                expected_bytes=ollama.expected_bytes(self.parameters.text_model),
                patience=ollama.Patience(checkpoint_s=self.checkpoint_s),
            )
        return self.row(broken, time.monotonic() - begun, pulled.attempts)

    def row(self, broken: str, seconds: float, attempts: int) -> Row:
        """The figures, after a look at what arrived."""
        with self.server() as server:
            found = ollama.find_stored(self.parameters.text_model, server.tags())
        sent, twice = self.registry.sent()
        return Row(broken, seconds, attempts, sent, twice, found is not None and found.digest == self.wanted())

    def wanted(self) -> str:
        """The digest of the manifest, which the target's own registry states."""
        with kubernetes.port_forward(self.cluster, "ai", "ollama", 11434) as address, ollama.Ollama(address) as server:
            found = ollama.find_stored(self.parameters.text_model, server.tags())
        return found.digest if found else "unknown"

    def clean(self) -> None:
        """Begin with nothing: neither the model nor a part of it, and nothing counted."""
        with self.server() as server:
            for model in server.tags():
                server.delete(model.name)
        self.log.write_text("")

    @contextmanager
    def server(self, address: str = "") -> Iterator[ollama.Ollama]:
        """The server, by our own port-forward or at an address."""
        if address:
            with ollama.Ollama(address) as server:
                yield server
            return
        kubernetes.wait_for_rollout(self.cluster, self.parameters.namespace, "ollama", 120)
        forward = kubernetes.port_forward(self.cluster, self.parameters.namespace, "ollama", 11434)
        with forward as local, ollama.Ollama(local) as server:
            yield server

    def delete_pod(self, grace_s: int | None) -> None:
        """Delete the server's pod, politely or at once."""
        pod = kubernetes.ready_pod(self.cluster, self.parameters.namespace, "ollama", 11434).pod
        self.cluster.delete("Pod", pod, self.parameters.namespace, grace_s=grace_s)

    def restart_registry(self) -> None:
        """Kill the registry, and start it again three seconds later."""
        self.registry.kill()
        time.sleep(3)
        self.registry.start()


def killed_port_forward(bench: Bench, layout: Layout) -> Row:
    """The pull goes through a port-forward of kubectl, which is killed and started again two seconds later."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(layout.program("kubectl")), f"--kubeconfig={layout.kubeconfig}", "-n", bench.parameters.namespace]
    command += ["port-forward", "service/ollama", f"{port}:11434"]
    running = [_listening(command, port)]

    def breaks() -> None:
        running[0].kill()
        running[0].wait()
        time.sleep(2)
        running[0] = _listening(command, port)

    try:
        return bench.case("port-forward killed", breaks, f"http://127.0.0.1:{port}")
    finally:
        running[0].kill()
        running[0].wait()


def _listening(command: list[str], port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.1)
    sys.exit("kubectl port-forward does not listen")


def killed_runbook(bench: Bench) -> Row:
    """`runbook pull` is killed at 40 %, and called again."""
    bench.clean()
    settings = {"namespace": bench.parameters.namespace, "registry": bench.parameters.registry}
    command = [str(RUNBOOK), "pull", "local", *(f"-p{name}={value}" for name, value in settings.items())]
    begun = time.monotonic()
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    size = ollama.expected_bytes(bench.parameters.text_model)
    while bench.registry.sent()[0] < size * BREAK_AT_PERCENT / 100 and first.poll() is None:
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return bench.row("runbook killed, called again", time.monotonic() - begun, 2)


@contextmanager
def prepared(mb_per_s: float, checkpoint_s: float) -> Iterator[tuple[Bench, Layout]]:
    """A server of the benchmark's own in a namespace of its own; both go at the end."""
    if shutil.which("nsenter") is None or os.geteuid():
        sys.exit("this needs root and nsenter, to place a registry inside the cluster's network")
    layout = Layout(state_folder())
    namespace = f"resume-{os.getpid()}"
    asked = {"namespace": namespace, "registry": f"{REGISTRY_HOST}:{PORT}/library"}
    parameters = load_target("local", {**asked, "cpu_request": "50m", "memory_request": "64Mi"})
    cluster = kubernetes.connect(parameters)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "sent"
        log.touch()
        registry = SlowRegistry(layout, log, mb_per_s)
        registry.start()
        try:
            kubernetes.apply(cluster, kubernetes.load_manifests(parameters))
            kubernetes.wait_for_rollout(cluster, namespace, "ollama", 120)
            yield Bench(parameters, cluster, registry, log, checkpoint_s), layout
        finally:
            registry.kill()
            with suppress(ClusterError):
                cluster.delete("Namespace", namespace)


def rows(bench: Bench, layout: Layout, *, quick: bool) -> Iterator[Row]:
    """Every case."""
    yield bench.case("nothing", None)
    yield killed_port_forward(bench, layout)
    if quick:
        return
    yield bench.case("pod deleted", lambda: bench.delete_pod(None))
    yield bench.case("pod killed at once", lambda: bench.delete_pod(0))
    yield bench.case("registry killed", bench.restart_registry)
    yield killed_runbook(bench)


def main() -> None:
    """Break, measure, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the port-forward")
    parser.add_argument("--rate", type=float, default=25.0, help="MB per second that the registry sends (default 25)")
    parser.add_argument("--checkpoint", type=float, default=2.0, help="Patience.checkpoint_s (default 2; pulls use 60)")
    chosen = parser.parse_args()
    print(f"{'broken at 40 %':32}{'time':>9}{'asked':>7}{'sent':>11}{'twice':>11}{'chunks':>8}  digest")
    found: list[Row] = []
    try:
        with prepared(chosen.rate, chosen.checkpoint) as (bench, layout):
            for row in rows(bench, layout, quick=chosen.quick):
                found.append(row)
                chunks = row.twice_bytes / CHUNK_BYTES
                sent, twice = row.sent_bytes / 1e6, row.twice_bytes / 1e6
                line = f"{row.broken:32}{row.seconds:>7.1f} s{row.attempts:>7}{sent:>8.1f} MB{twice:>8.1f} MB"
                print(f"{line}{chunks:>8.2f}  {'the right one' if row.same else 'WRONG'}", flush=True)
    except RunbookError as error:
        sys.exit(str(error))
    worst = max(row.twice_bytes for row in found) / CHUNK_BYTES
    figures = {row.broken: round(row.twice_bytes / CHUNK_BYTES, 3) for row in found}
    met = worst <= GOAL_CHUNKS and all(row.same for row in found)
    print(f"at most {worst:.2f} chunks were fetched twice, at most {GOAL_CHUNKS:g} wanted")
    print(json.dumps({"benchmark": "resume", "figures": figures, "goal": {"chunks": GOAL_CHUNKS}, "met": met}))


if __name__ == "__main__":
    main()
