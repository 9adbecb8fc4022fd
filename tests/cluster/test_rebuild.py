"""A rebuild from nothing on the real cluster, by the command that people use; and one whose kernel is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil

from tests.conftest import FinishedRun, run_folder

STEPS = (
    "00_start_here", "01_hardware", "02_model_selection", "03_apply", "04_pull", "05_verify", "06_measure",
    "07_report", "90_rollback", "91_troubleshoot",
)  # fmt: skip


def test_a_rebuild_from_nothing_passes_every_step_and_check(rebuilt: FinishedRun) -> None:
    assert rebuilt.status == 0, rebuilt.printed + rebuilt.progress
    steps = {step["name"]: step["verdict"] for step in rebuilt.record()["steps"]}
    assert steps == dict.fromkeys(STEPS, "succeeded")
    statuses = {event["check"]["status"] for event in rebuilt.events() if event["event"] == "check"}
    assert statuses == {"passed", "skipped"}


def test_it_says_first_which_cluster_it_acts_on_and_last_where_the_index_is(rebuilt: FinishedRun) -> None:
    lines = rebuilt.printed.splitlines()
    assert lines[0].startswith("context ollama-runbook-local, server https://")
    assert lines[-1].endswith(f"{rebuilt.folder.name}/index.html")


def test_it_is_never_silent_for_long(rebuilt: FinishedRun) -> None:
    times = [event["at"] for event in rebuilt.events()]
    assert times == sorted(times)
    for name in STEPS:
        assert f"{name}: succeeded" in rebuilt.progress


def test_the_folder_holds_each_notebook_as_executed_and_as_a_page(rebuilt: FinishedRun) -> None:
    for name in STEPS:
        nbformat.validate(nbformat.read(rebuilt.folder / "notebooks" / f"{name}.ipynb", as_version=4))
        page = (rebuilt.folder / "html" / f"{name}.html").read_text()
        assert 'src="http' not in page
        assert len(page) < 2_000_000


def test_every_subject_of_the_record_has_the_digest_it_names(rebuilt: FinishedRun) -> None:
    import hashlib

    statement = json.loads((rebuilt.folder / "record.json").read_text())
    for subject in statement["subject"]:
        content = (rebuilt.folder / subject["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == subject["digest"]["sha256"], subject["name"]
    assert {"results.json", "journal.jsonl"} <= {subject["name"] for subject in statement["subject"]}


def test_the_record_names_the_model_that_the_registry_holds(rebuilt: FinishedRun) -> None:
    [model] = rebuilt.record()["models"]
    assert model["name"] == "gemma3:270m"
    # The model's 253,113,024 bytes and its configuration.
    assert 0 < model["size_bytes"] - 253_113_024 < 1000


@contextmanager
def rebuild_of(outputs: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "runbook", "rebuild", "local", "--outputs", str(outputs), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for_cell(outputs: Path, step: str, cell: str, timeout_s: float = 120) -> None:
    """Return once the journal says that a cell of a step has started."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        for journal in outputs.glob("local/2*/journal.jsonl"):
            for line in journal.read_text().splitlines():
                if f'"id":"{cell}"' in line and '"event":"cellStarted"' in line and f'"step":"{step}"' in line:
                    return
        time.sleep(0.1)
    raise AssertionError(f"{step} did not come to {cell}")


def kernels_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The kernels of a rebuild: the children of its one child."""
    return [kernel for nursery in psutil.Process(process.pid).children() for kernel in nursery.children()]


def test_killing_the_kernel_in_the_middle_of_step_05_is_recorded_with_its_cell(
    rebuilt: FinishedRun, tmp_path: Path
) -> None:
    assert rebuilt.status == 0
    with rebuild_of(tmp_path, "--only", "05,06,07") as process:
        wait_for_cell(tmp_path, "05_verify", "text")
        for kernel in kernels_of(process):
            kernel.kill()
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "05_verify" in printed
    steps = {step["name"]: step for step in FinishedRun(1, printed, "", run_folder(tmp_path)).record()["steps"]}
    assert steps["05_verify"]["verdict"] == "failed"
    assert [cell["id"] for cell in steps["05_verify"]["cells"] if cell["state"] == "failed"] == ["text"]
    assert "kernel" in steps["05_verify"]["reason"]
    assert {steps[name]["verdict"] for name in ("06_measure", "07_report")} == {"not started"}


def test_an_interrupted_rebuild_ends_with_130_and_a_closed_record_and_no_kernel(
    rebuilt: FinishedRun, tmp_path: Path
) -> None:
    assert rebuilt.status == 0
    with rebuild_of(tmp_path, "--only", "05,06") as process:
        wait_for_cell(tmp_path, "05_verify", "text")
        kernels = kernels_of(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    steps = {step["name"]: step for step in FinishedRun(130, "", "", run_folder(tmp_path)).record()["steps"]}
    assert steps["05_verify"]["verdict"] not in ("succeeded", "not started")
    assert steps["06_measure"]["verdict"] == "not started"
    psutil.wait_procs(kernels, timeout=10)
    assert not any(kernel.is_running() for kernel in kernels)


def test_a_second_rebuild_beside_the_first_refuses_and_names_it(rebuilt: FinishedRun, tmp_path: Path) -> None:
    assert rebuilt.status == 0
    with rebuild_of(tmp_path, "--only", "05") as process:
        wait_for_cell(tmp_path, "05_verify", "begin")
        command = [sys.executable, "-m", "runbook", "rebuild", "local", "--outputs", str(tmp_path), "--only", "00"]
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert second.returncode == 2
        assert str(process.pid) in second.stderr
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
