"""An API server with an etcd of its own, and no node: for what would fill or bend a cluster that others use.

Benchmarks put thousands of nodes into it, tests ask its scheduler what it makes of a node with a fault. Everything
lives in one folder and ends with the block that started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runbook.errors import LocalError
from runbook.local.pki import Identity, make_certificates, write_kubeconfig
from runbook.local.watched import last_lines

CONTEXT = "control-plane"
READY_S = 60.0
STOP_S = 10.0
# Nobody asks for the addresses behind these Services.
SERVICES = "198.19.0.0/24"


@dataclass(frozen=True)
class ControlPlane:
    """A control plane that runs.

    Attributes:
        kubeconfig: Of its administrator; the context is `control-plane`.
        pids: Program to its process.
    """

    kubeconfig: Path
    pids: Mapping[str, int]


@contextmanager
def control_plane(programs: Mapping[str, Path], *, scheduler: bool = False) -> Iterator[ControlPlane]:
    """A control plane for the length of a block.

    Args:
        programs: Where etcd, kube-apiserver and kube-scheduler are.
        scheduler: Whether pods are scheduled.

    Raises:
        LocalError: It did not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="runbook-control-plane-") as name, contextlib.ExitStack() as running:
        folder = Path(name)
        etcd, peer, api = free_ports(3)
        kubeconfig = folder / "kubeconfig"
        make_certificates(folder, [Identity("api", "kube-apiserver", hosts=("127.0.0.1",)), _ADMIN])
        write_kubeconfig(
            kubeconfig, server=f"https://127.0.0.1:{api}", pki=folder, identity=_ADMIN.file, context=CONTEXT
        )
        pids = {"etcd": running.enter_context(_program(programs["etcd"], _etcd(folder, etcd, peer), folder))}
        pids["kube-apiserver"] = running.enter_context(
            _program(programs["kube-apiserver"], _apiserver(folder, etcd, api), folder)
        )
        _wait_for(api, folder)
        if scheduler:
            arguments = (f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0")
            pids["kube-scheduler"] = running.enter_context(_program(programs["kube-scheduler"], arguments, folder))
        yield ControlPlane(kubeconfig, pids)


_ADMIN = Identity("admin", "admin", "system:masters")


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _etcd(folder: Path, port: int, peer: int) -> Sequence[str]:
    url, peer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    return (
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--unsafe-no-fsync",  # it is gone a minute later
        "--log-level=error",
    )


def _apiserver(folder: Path, etcd: int, port: int) -> Sequence[str]:
    return (
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=AlwaysAllow",
        # Nobody makes the accounts, or takes back the taints, that these would ask for.
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--tls-cert-file={folder / 'api.crt'}",
        f"--tls-private-key-file={folder / 'api.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
    )


@contextmanager
def _program(path: Path, arguments: Sequence[str], folder: Path) -> Iterator[int]:
    """A program for the length of a block."""
    with (folder / f"{path.name}.log").open("wb") as log:
        process = subprocess.Popen([path, *arguments], stdout=log, stderr=log, cwd=folder, env=_environment())
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def _wait_for(port: int, folder: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    trusted.load_cert_chain(folder / "admin.crt", folder / "admin.key")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))
    deadline = time.monotonic() + READY_S
    while True:
        # An error status is an OSError too: an answer is a good one.
        with contextlib.suppress(OSError), opener.open(f"https://127.0.0.1:{port}/readyz", timeout=2):
            return
        if time.monotonic() > deadline:
            raise LocalError(
                f"the control plane did not become ready within {READY_S:.0f} s",
                why=" / ".join(last_lines(folder / "kube-apiserver.log", 3)),
            )
        time.sleep(0.2)
