"""What the record costs: journal, redaction, results, record and pages, over bare papermill on the same notebooks.

Bare papermill executes the project's own notebooks, one after the other, with its own engine, against the same cluster
and with the same parameters; it writes each notebook and nothing else of a run. (The notebooks themselves record in
their lab, as they do whoever executes them.) Rebuild and bare papermill take turns.

A rebuild makes its kernels faster than papermill does, and that would hide the cost. So two more figures are taken
inside of each rebuild: the seconds in which its process was at nothing but the record, and its share of the run.
How fast a run is verified is measured by verify_speed.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from this_machine import machine

from runbook.targets import PROJECT

GOAL = {"ratio": 1.05, "record_share": 0.05, "extra_mib": 50}
NAMESPACE = f"record-cost-{os.getpid()}"
# Without 06, whose repeated measurements would make any cost look small, and 07, which reads what it found.
STEPS = "00,01,02,03,04,05,90,91"
MIB = 2**20


@dataclass(frozen=True)
class Execution:
    """The notebooks executed once.

    Attributes:
        seconds: From the start of the first kernel to the end of the last file.
        peak_bytes: Most memory of the process that executes them, without its kernels.
        record_s: Seconds in which it was at the record alone; 0 for bare papermill.
    """

    seconds: float
    peak_bytes: int
    record_s: float = 0.0


def rebuild_once(work: Path, chosen: str) -> Execution:
    """A rebuild, with the time that its process spends on the record alone."""
    from runbook.kubernetes import connect
    from runbook.rebuild import rebuild, run
    from runbook.rebuild import work as cells
    from runbook.targets import load_target

    clock = Clock()
    clock.watch(run, "write_index", "write_guide", "write_versions", "write_archive", "seal")
    clock.watch(run.Journal, "append")
    clock.watch(run.Pages, "wait", "finish")
    clock.watch(cells, "masked", "keep", "read_journal", "verdict")
    parameters = load_target("local", {"namespace": NAMESPACE})
    begun = time.perf_counter()
    result = rebuild(
        parameters, outputs=work / "outputs", progress=Silent(), only=chosen, cluster=lambda: connect(parameters)
    )
    seconds = time.perf_counter() - begun
    if not result.succeeded:
        sys.exit(f"the rebuild did not succeed: {result.reason}")
    return Execution(seconds, peak_bytes(), clock.seconds)


def bare_once(work: Path, chosen: str) -> Execution:
    """The same notebooks by papermill alone."""
    import papermill

    from runbook.kubernetes import connect
    from runbook.parameters_cell import teach_papermill
    from runbook.rebuild import choose, steps
    from runbook.targets import load_target

    teach_papermill()
    target = work / "local.yaml"
    parameters = load_target("local", {"namespace": NAMESPACE})
    target.write_text(parameters.model_dump_json(exclude={"target"}))
    os.environ["RUNBOOK_OUTPUTS"] = str(work / "labs")
    begun = time.perf_counter()
    connect(parameters)
    for step in choose(steps(), chosen):
        written = work / step.path.name
        papermill.execute_notebook(
            step.path, written, {"target": str(target)}, cwd=PROJECT / "notebooks", progress_bar=False
        )
    return Execution(time.perf_counter() - begun, peak_bytes())


class Silent:
    """A progress that tells nobody."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Clock:
    """Counts the seconds spent in functions, those inside each other once, on the main thread."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def watch(self, owner: Any, *names: str) -> None:
        """Count a function or method from now on."""
        for name in names:
            setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            begun, self._depth = time.perf_counter(), self._depth + 1
            try:
                return function(*arguments, **options)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - begun

        return counted


def peak_bytes() -> int:
    """The most memory this process ever had, in bytes; its children do not count."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def in_a_process(which: str, work: Path, steps: str) -> Execution:
    """Execute the notebooks in a fresh process."""
    command = [sys.executable, __file__, "--as", which, "--namespace", NAMESPACE, "--steps", steps, str(work)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{which} ended with {done.returncode}")
    return Execution(**json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def prepared(steps: str) -> Iterator[Path]:
    """The cluster up and the model pulled in the benchmark's namespace, which is removed at the end."""
    from runbook.commands.local import state_folder
    from runbook.local import Layout

    runbook = str(PROJECT / ".venv" / "bin" / "runbook")
    subprocess.run([runbook, "local", "up"], check=True, stdout=sys.stderr)
    layout = Layout(state_folder())
    kubectl = [str(layout.program("kubectl")), f"--kubeconfig={layout.kubeconfig}"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            print("preparing: a rebuild that applies and pulls", file=sys.stderr)
            in_a_process("rebuild", Path(folder), steps)
            yield Path(folder)
        finally:
            delete = ["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]
            subprocess.run([*kubectl, *delete], check=False, stdout=sys.stderr)


def main() -> None:
    """Measure, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one pair only")
    parser.add_argument("--pairs", type=int, default=5, help="pairs to measure (default 5)")
    parser.add_argument("--steps", default=STEPS, help=f"the notebooks to execute (default {STEPS})")
    parser.add_argument("--as", dest="which", choices=("rebuild", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--namespace", default=NAMESPACE, help=argparse.SUPPRESS)
    parser.add_argument("work", nargs="?", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.which:
        globals()["NAMESPACE"] = chosen.namespace
        made = (rebuild_once if chosen.which == "rebuild" else bare_once)(chosen.work, chosen.steps)
        print(json.dumps(vars(made)))
        return
    with prepared(chosen.steps) as work:
        pairs = list(interleaved(work, 1 if chosen.quick else chosen.pairs, chosen.steps))
    report(pairs, chosen.steps)


def interleaved(work: Path, pairs: int, steps: str) -> Iterator[tuple[Execution, Execution]]:
    """Rebuild and bare papermill in turn."""
    for number in range(pairs):
        ours, theirs = in_a_process("rebuild", work, steps), in_a_process("bare", work, steps)
        said = f"rebuild {ours.seconds:.1f} s, of it the record {ours.record_s:.2f} s, bare {theirs.seconds:.1f} s"
        print(f"pair {number + 1} of {pairs}: {said}", file=sys.stderr)
        yield ours, theirs


def report(pairs: list[tuple[Execution, Execution]], steps: str) -> None:
    """Print the figures."""
    ratio = statistics.median(ours.seconds / theirs.seconds for ours, theirs in pairs)
    share = statistics.median(ours.record_s / theirs.seconds for ours, theirs in pairs)
    extra = statistics.median(ours.peak_bytes - theirs.peak_bytes for ours, theirs in pairs) / MIB
    print(machine())
    print(f"{'':34}{'rebuild':>10}{'bare':>10}")
    for name, unit, of in (
        ("notebooks " + steps, "s", lambda one: one.seconds),
        ("of it the record alone", "s", lambda one: one.record_s),
        ("most memory, without kernels", "MiB", lambda one: one.peak_bytes / MIB),
    ):
        ours, theirs = (statistics.median(map(of, side)) for side in zip(*pairs, strict=True))
        print(f"{name:34}{ours:>10.2f}{theirs:>10.2f} {unit}")
    print(f"wall time {ratio:.2f} of bare papermill's; the record alone {share:.1%} of it; {extra:+.0f} MiB")
    figures = {
        "ratio": round(ratio, 3),
        "record_share": round(share, 4),
        "extra_mib": round(extra, 1),
        "pairs": len(pairs),
    }
    met = ratio <= GOAL["ratio"] and share <= GOAL["record_share"] and extra <= GOAL["extra_mib"]
    print(json.dumps({"benchmark": "record_cost", "figures": figures, "goal": GOAL, "met": met}))


if __name__ == "__main__":
    main()
