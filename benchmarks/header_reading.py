"""How long the header of a 10 GB file takes, and how much memory: ours, gguf-parser-go, and the `gguf` library.

The file is sparse: a header with 262,144 words of real length and 400 tensors, and no bytes behind it. Each reader
runs in a process of its own, and what the process needs before it reads is subtracted from the time and not from the
memory. The `gguf` library is only measured where it is installed. Then headers made to exhaust memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gguf_parser import VERSION, build_peer
from this_machine import machine

from runbook.models.gguf import tensor
from runbook.models.writing import header_bytes

WORDS, TENSORS, FILE_BYTES = 262_144, 400, 10_000_000_000
GOAL_S, GOAL_MIB, HOSTILE_GOAL_MIB = 0.3, 150, 100
# The kernel's own account: what `getrusage` says is inherited from the process that forked.
PEAK = """
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
"""
OURS = (
    PEAK
    + """
import json, sys, time
from runbook.errors import ModelFileError
from runbook.models import read_gguf
begun = time.perf_counter()
try:
    found = len(read_gguf(sys.argv[1]).tensors)
except ModelFileError as error:
    found = error.why
seconds = time.perf_counter() - begun
print(json.dumps([seconds, peak(), found]))
"""
)
LIBRARY = (
    PEAK
    + """
import json, sys, time
from gguf import GGUFReader
begun = time.perf_counter()
found = len(GGUFReader(sys.argv[1]).tensors)
seconds = time.perf_counter() - begun
print(json.dumps([seconds, peak(), found]))
"""
)


def write_large(path: Path) -> None:
    """The sparse file."""
    rows = [tensor("token_embd.weight", (3840, WORDS), 14)]
    each = (FILE_BYTES - (rows[0].bytes or 0)) // TENSORS // 144 // 16 * 256
    rows += [
        tensor(f"blk.{number // 10}.part_{number % 10}.weight", (256, each // 256 * 16), 12)
        for number in range(TENSORS)
    ]
    words = [f"\u2581word{number:06}" for number in range(WORDS)]
    metadata = {
        "general.architecture": "gemma3",
        "gemma3.block_count": 40,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": [-float(number) for number in range(WORDS)],
        "tokenizer.ggml.token_type": [1] * WORDS,
    }
    head = header_bytes(metadata, rows)
    with path.open("wb") as opened:
        opened.write(head)
        opened.truncate(len(head) + sum(-(-(one.bytes or 0) // 32) * 32 for one in rows))


def write_hostile(folder: Path) -> list[Path]:
    """Headers that claim what would not fit anywhere."""
    begin = struct.pack("<4sI", b"GGUF", 3)
    text = struct.pack("<Q", 1) + b"k"
    made = {
        "tensors": begin + struct.pack("<QQ", 1 << 62, 0),
        "keys": begin + struct.pack("<QQ", 0, 1 << 62),
        "elements": begin + struct.pack("<QQ", 0, 1) + text + struct.pack("<IIQ", 9, 4, 1 << 60),
        "strings": begin + struct.pack("<QQ", 0, 1) + text + struct.pack("<IIQ", 9, 8, 2_000_000) + b"\xff" * 8,
        "nested": begin + struct.pack("<QQ", 0, 1) + text + struct.pack("<IIQ", 9, 9, 1 << 20) * 1000,
        "string": begin + struct.pack("<QQ", 0, 1) + text + struct.pack("<IQ", 8, 1 << 60),
        "settings": begin + struct.pack("<QQ", 0, 65_536) + b"".join(_setting(number) for number in range(65_536)),
    }
    paths = []
    for name, data in made.items():
        path = folder / f"{name}.gguf"
        with path.open("wb") as opened:
            opened.write(data)
            opened.truncate(len(data) + (200 << 20))
        paths.append(path)
    return paths


def _setting(number: int) -> bytes:
    key, value = f"key.{number:08}".encode(), b"x" * 1000
    return struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(value)) + value


def measured(command: Sequence[str]) -> tuple[float, float, object]:
    """Seconds of the reading, MiB of the process, and what it found."""
    ran = subprocess.run(
        list(command), capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    seconds, peak, found = json.loads(ran.stdout)
    return seconds, peak, found


def peer(program: Path, path: Path) -> tuple[float, float, object]:
    """The same of gguf-parser-go: its own time for reading, and the peak of its process."""
    child = subprocess.Popen([str(program), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    asked = json.dumps({"context": 2048, "parallel": 1, "kv_type": "f16", "flash_attention": True})
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("no pipes")
    child.stdin.write(asked + "\n")
    child.stdin.flush()
    answer = json.loads(child.stdout.readline())
    status = Path(f"/proc/{child.pid}/status").read_text()
    child.stdin.close()
    child.wait()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return answer["seconds"], peak / 1024, answer["weights_bytes"]


def has_library(python: str) -> bool:
    """Whether the `gguf` library is installed there."""
    return subprocess.run([python, "-c", "import gguf"], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Measure, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three runs of each")
    parser.add_argument("--runs", type=int, default=9, help="runs of each (default 9)")
    parser.add_argument("--library", default=sys.executable, help="a Python that has the `gguf` library")
    chosen = parser.parse_args()
    runs, program = 3 if chosen.quick else chosen.runs, build_peer()
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.gguf"
        write_large(large)
        readers = {"ours": lambda: measured([sys.executable, "-c", OURS, str(large)])}
        readers[f"gguf-parser-go {VERSION}"] = lambda: peer(program, large)
        if has_library(chosen.library):
            readers["gguf library"] = lambda: measured([chosen.library, "-c", LIBRARY, str(large)])
        results: dict[str, list[tuple[float, float, object]]] = {name: [] for name in readers}
        for _ in range(runs):
            for name, reader in readers.items():
                results[name].append(reader())
        hostile = {path.stem: measured([sys.executable, "-c", OURS, str(path)]) for path in write_hostile(Path(folder))}
        size = large.stat().st_size
    report(size, results, hostile)


def report(
    size: int, results: dict[str, list[tuple[float, float, object]]], hostile: dict[str, tuple[float, float, object]]
) -> None:
    """Print the figures."""
    print(machine())
    print(f"{size / 1e9:.1f} GB, {WORDS} words, {TENSORS + 1} tensors, {len(results['ours'])} runs, medians")
    figures: dict[str, object] = {}
    for name, runs in results.items():
        seconds, peak = (statistics.median(float(run[place]) for run in runs) for place in (0, 1))  # type: ignore[arg-type]
        print(f"{name:24}{seconds * 1000:>9.1f} ms{peak:>9.1f} MiB")
        figures |= {f"{name.split()[0]}_s": round(seconds, 4), f"{name.split()[0]}_mib": round(peak, 1)}
    for name, (seconds, peak, why) in hostile.items():
        print(f"hostile: {name:15}{seconds * 1000:>9.1f} ms{peak:>9.1f} MiB  {why}")
    figures["hostile_peak_mib"] = round(max(one[1] for one in hostile.values()), 1)
    refused = all(isinstance(one[2], str) for one in hostile.values())
    goal = {"ours_s": GOAL_S, "ours_mib": GOAL_MIB, "hostile_peak_mib": HOSTILE_GOAL_MIB, "all_refused": True}
    met = refused and all(
        float(str(figures[name])) < float(most) for name, most in goal.items() if name != "all_refused"
    )
    print(json.dumps({"benchmark": "header_reading", "figures": figures, "goal": goal, "met": met}))


if __name__ == "__main__":
    main()
