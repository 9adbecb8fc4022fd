"""What every test starts from: an environment without proxies, colours or the user's kubeconfig."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LEAKY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "KUBECONFIG", "FORCE_COLOR", "RUNBOOK_LOCAL_PARTS")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LEAKY:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@dataclass(frozen=True)
class FinishedRun:
    """A rebuild that the command line has made: what it printed, and the folder it left."""

    status: int
    printed: str
    progress: str
    folder: Path

    def record(self) -> dict[str, Any]:
        """The predicate of its record."""
        predicate: dict[str, Any] = json.loads((self.folder / "record.json").read_text())["predicate"]
        return predicate

    def events(self) -> list[dict[str, Any]]:
        """Its journal."""
        return [json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()]


def run_folder(outputs: Path) -> Path:
    """The only run below a folder of outputs."""
    [folder] = (outputs / "local").glob("2*")
    return folder


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """One whole rebuild of the local target, beginning with nothing of ours in the cluster."""
    subprocess.run([sys.executable, "-m", "runbook", "local", "up"], check=True, capture_output=True)
    kubectl = [ROOT / ".local" / "bin" / "kubectl", f"--kubeconfig={ROOT / '.local' / 'kubeconfig'}"]
    subprocess.run([*kubectl, "delete", "namespace", "ai", "--ignore-not-found", "--timeout=120s"], check=True)
    outputs = tmp_path_factory.mktemp("outputs")
    command = [sys.executable, "-m", "runbook", "rebuild", "local", "--outputs", str(outputs)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    return FinishedRun(ran.returncode, ran.stdout, ran.stderr, run_folder(outputs))
