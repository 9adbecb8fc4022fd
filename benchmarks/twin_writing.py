"""How long a twin takes to write, and in how much memory: against writing as many random bytes with nothing else.

The twin of qwen3:1.7b is 1.36 GB. Each writer is a process of its own and writes to the same folder, which is emptied
between the runs; both flush to the disk before the clock stops.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from this_machine import machine

MODEL, GOAL_S, GOAL_MIB, GOAL_BYTES = "qwen3:1.7b", 15.0, 300.0, 1_400_000_000
MEASURE = """
import json, os, sys, time
from pathlib import Path
path = Path(sys.argv[1]) / "written"
begun = time.perf_counter()
{}
descriptor = os.open(path, os.O_RDONLY)
os.fsync(descriptor)
seconds = time.perf_counter() - begun
lines = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
print(json.dumps([seconds, peak, path.stat().st_size]))
path.unlink()
"""
TWIN = MEASURE.format(f"""
from runbook.models import find
from runbook.models.twin import write_twin
write_twin(find("{MODEL}"), path)
""")
BYTES = MEASURE.format("""
import numpy
random = numpy.random.Generator(numpy.random.SFC64(1))
with path.open("wb") as opened:
    left = int(sys.argv[2])
    while left > 0:
        opened.write(random.integers(0, 1 << 64, min(left, 8 << 20) // 8 + 1, numpy.uint64).data)
        left -= 8 << 20
""")


def run(source: str, *arguments: str) -> tuple[float, float, int]:
    """Seconds, MiB at most, and bytes that were written."""
    command = [sys.executable, "-c", source, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak, size = json.loads(ran.stdout)
    return seconds, peak, size


def main() -> None:
    """Measure, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run of each")
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder without it")
    chosen = parser.parse_args()
    twins, plain = [], []
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for _ in range(1 if chosen.quick else 3):
            twins.append(run(TWIN, folder))
            plain.append(run(BYTES, folder, str(twins[-1][2])))
    print(machine())
    print(f"{twins[0][2] / 1e9:.2f} GB, {len(twins)} runs, medians")
    for name, runs in ((f"twin of {MODEL}", twins), ("random bytes", plain)):
        print(f"{name:22}{_median(runs, 0):>8.1f} s{_median(runs, 1):>9.1f} MiB")
    seconds = _median(twins, 0) * GOAL_BYTES / twins[0][2]
    ratio = _median(twins, 0) / _median(plain, 0)
    figures = {
        "seconds_for_1_4_gb": round(seconds, 2),
        "peak_mib": round(_median(twins, 1), 1),
        "ratio_to_random_bytes": round(ratio, 2),
    }
    goal = {"seconds_for_1_4_gb": GOAL_S, "peak_mib": GOAL_MIB}
    met = seconds < GOAL_S and figures["peak_mib"] < GOAL_MIB
    print(json.dumps({"benchmark": "twin_writing", "figures": figures, "goal": goal, "met": met}))


def _median(runs: list[tuple[float, float, int]], place: int) -> float:
    return statistics.median(float(one[place]) for one in runs)


if __name__ == "__main__":
    main()
