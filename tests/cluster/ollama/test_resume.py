"""A pull that is broken in the middle goes on where it stopped; what each break costs is in benchmarks/resume.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import create_connection

import pytest

from runbook.commands.local import state_folder
from runbook.kubernetes import Cluster, port_forward
from runbook.local import Layout
from runbook.local.daemons import BLOBS_HOST, BLOBS_PORT, REGISTRY_HOST, REGISTRY_PORT
from runbook.ollama import Ollama, Patience, PullProgress, find_stored, pull_model
from runbook.parameters import Parameters

CHUNK_BYTES = 100_000_000
PORT = 5056
FAST_BYTES_PER_S = 80e6

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("nsenter") is None or "RUNBOOK_TEST_OLLAMA" in os.environ,
    reason="placing a registry inside the cluster's network needs root and nsenter",
)


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Path]:
    """A registry that counts what it sends, for as long as the test runs."""
    state, log = Layout(state_folder()).kubeconfig.parent, tmp_path / "sent"
    pid = json.loads((state / "process.json").read_text())["pid"]
    node = json.loads((state / "cluster.json").read_text())["link"]["node_address"]
    program = [sys.executable, str(Path(__file__).with_name("slow_registry.py")), node, str(PORT), BLOBS_HOST]
    upstream = [f"http://{node}:{REGISTRY_PORT}", f"http://{node}:{BLOBS_PORT}", str(log), str(FAST_BYTES_PER_S)]
    process = subprocess.Popen(["nsenter", f"--target={pid}", "--net", *program, *upstream])
    for _ in range(100):
        with suppress(OSError), create_connection((node, PORT), 1):
            break
        time.sleep(0.1)
    yield log
    process.kill()
    process.wait()


def test_a_pull_whose_connection_breaks_goes_on_and_ends_with_the_right_digest(
    cluster: Cluster, deployed: Parameters, ollama: Ollama, local: Parameters, sent: Path
) -> None:
    before = find_stored(local.text_model, ollama.tags())
    assert before is not None
    ollama.delete(local.text_model)
    with port_forward(cluster, deployed.namespace, "ollama", 11434) as address, Ollama(address) as client:
        broke: list[float] = []

        def breaks(progress: PullProgress) -> None:
            if progress.percent >= 40 and not broke:
                broke.append(progress.percent)
                raise ConnectionError

        registry = f"{REGISTRY_HOST}:{PORT}/library"
        with pytest.raises(ConnectionError):
            pull_model(client, local.text_model, registry=registry, insecure=True, on_progress=breaks)
        haste = Patience(first_wait_s=0.3)
        pulled = pull_model(client, local.text_model, registry=registry, insecure=True, patience=haste)
    assert pulled.digest == before.digest
    assert pulled.bytes_transferred < before.size_bytes
    total = sum(int(line.split()[2]) for line in sent.read_text().splitlines())
    assert total - before.size_bytes <= CHUNK_BYTES
