"""Runs made by the package's own writer, without kernels or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from runbook.parameters import Parameters
from runbook.record import Journal, Redactor, Results, RunFolder, seal

QUIET = (41.0, 42.0, 43.0, 42.5, 41.5)
MakeRun = Callable[..., RunFolder]

FACTS: dict[str, Any] = {
    "actor": "uid 1000",
    "host": {"system": "Linux", "architecture": "x86_64", "cpus": 2, "python": "3.11.7"},
    "source": {"gitCommit": "109106ab38cf747dbd0fe2feed0fe2f77770ec2f", "gitDirty": False},
    "packages": {"httpx": "0.28.1"},
    "materials": [{"name": "manifests/ai/namespace.yaml", "digest": {"sha256": "ab" * 32}}],
    "signer": None,
}
CLUSTER = {"context": "home", "server": "https://10.0.0.1:6443", "uid": "u-1", "version": "v1.36.3"}


def statistic(values: Sequence[float]) -> dict[str, Any]:
    middle = sorted(values)[len(values) // 2]
    return {"median": middle, "low": min(values), "high": max(values), "values": list(values)}


def made_run(
    outputs: Path,
    name: str,
    *,
    target: str = "homelab",
    verdict: str = "succeeded",
    reason: str = "",
    decode: Sequence[float] = QUIET,
    checks: Sequence[tuple[str, str]] = (("The PVC is bound", "passed"),),
    step: str = "succeeded",
    facts: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
    estimate: tuple[float, float] | None = None,
    sealed: bool = True,
    proved_by: str = "",
    previous: dict[str, Any] | None = None,
) -> RunFolder:
    """A run folder with one step that measured one model."""
    folder = RunFolder(outputs / target / name)
    folder.notebooks.mkdir(parents=True)
    folder.html.mkdir()
    journal = Journal(folder.journal, Redactor())
    asked = Parameters(target=target, context="home", **(parameters or {}))
    journal.append(
        "runStarted", schema=1, run=name, previous_run=previous, target=target, parameters=asked, cluster=CLUSTER,
        steps=["05_verify", "06_measure"] if proved_by else ["06_measure"], **(FACTS | (facts or {})),
    )  # fmt: skip
    journal.append("stepStarted", step="06_measure", title="Measure", notebook="0" * 64)
    for check, status in checks:
        said = {"name": check, "status": status, "evidence": f"seen {status}", "hint": ""}
        journal.append("check", step="06_measure", phase="verification", check=said)
    results = Results(folder.results, journal)
    results.create()
    if decode:
        one = {"model": "gemma3:270m", "decode_tokens_per_second": statistic(decode), "reported_bytes": 456991232}
        results.put("06_measure", "measurements", [one])
    if estimate:
        speed = {"low": estimate[0], "high": estimate[1]}
        results.put("02_models", "estimates", [{"model": "gemma3:270m", "decode_tokens_per_second": speed}])
    folder.index.write_text("<!DOCTYPE html><html lang=en><title>a run</title>")
    if proved_by:
        receipt = {"run": proved_by, "event": {"number": 1, "digest": "sha256:" + "0" * 64}}
        journal.append("stepSkipped", step="05_verify", title="Verify", receipt=receipt)
    if sealed:
        journal.append("stepFinished", step="06_measure", outcome=step, reason="", seconds=1.0, cells=[])
        journal.append("runFinished", verdict=verdict, reason=reason, seconds=2.0)
        seal(folder)
    return folder


def run_name(number: int) -> str:
    """Names in the order of time."""
    return f"202611{1 + number // 24:02}T{number % 24:02}0000Z-{number:04x}"


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    made = tmp_path / "outputs"
    made.mkdir()
    return made


@pytest.fixture
def make_run(outputs: Path) -> MakeRun:
    """Makes a run in `outputs`; a number gives its name and its place in time."""

    def making(number: int, **how: Any) -> RunFolder:
        return made_run(outputs, run_name(number), **how)

    return making
