"""The probe pod's bandwidth against a compiled STREAM-like triad on the same machine, in turns.

The triad is a[i] = b[i] + s * c[i] on doubles, compiled with -O3 for this machine, one thread per CPU, counted as
STREAM counts it: 24 bytes for each i. The pod is the survey's own, plain Python in the target's probe image. A
compiled sum of an array stands beside them: it only reads, as a model does.

What others do on the machine hits whoever runs then, so the two take many short turns, a turn in which others took more
than a tenth of the CPUs is done again, and the medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from runbook import kubernetes
from runbook.targets import load_target

GOAL = 0.15
CALM = 0.10
PATIENCE_S = 480.0
# As large as the pod's buffers in all, so that both leave the caches alike.
SOURCE = r"""
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

static double kept[1024];
static void triad(double *a, const double *b, const double *c, size_t n) {
    for (size_t i = 0; i < n; i++) a[i] = b[i] + 3.0 * c[i];
}
static void sum(double *a, const double *b, const double *, size_t n) {
    double s[16] = {};
    for (size_t i = 0; i + 16 <= n; i += 16) for (size_t j = 0; j < 16; j++) s[j] += b[i + j];
    for (size_t j = 0; j < 16; j++) a[0] += s[j];
}
int main(int, char **argv) {
    const size_t threads = std::thread::hardware_concurrency(), n = atol(argv[1]) / 24 / threads;
    std::vector<std::vector<double>> a(threads), b(threads), c(threads);
    for (size_t t = 0; t < threads; t++) a[t].assign(n, 0), b[t].assign(n, 1), c[t].assign(n, 2);
    auto run = [&](auto work, double bytes, int times) {
        auto began = std::chrono::steady_clock::now();
        std::vector<std::thread> crew;
        for (size_t t = 0; t < threads; t++) crew.emplace_back([&, t] {
            for (int i = 0; i < times; i++) work(a[t].data(), b[t].data(), c[t].data(), n);
            kept[t] = a[t][n / 2];
        });
        for (auto &one : crew) one.join();
        std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        return bytes * n * threads * times / took.count() / 1e9;
    };
    printf("[");
    for (int i = 0; i < 5; i++)
        printf("%s[%.3f, %.3f]", i ? ", " : "", run(triad, 24, 12), run(sum, 8, 24));
    printf("]\n");
}
"""


def compiled(folder: Path) -> Path:
    """The peer's program."""
    source, program = folder / "triad.cpp", folder / "triad"
    source.write_text(SOURCE)
    command = ["g++", "-O3", "-march=native", "-ffast-math", "-std=c++20", "-pthread", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    return program


@dataclass(frozen=True)
class Turn:
    """One turn of each, in GB/s: medians, the best runs, and the share of the CPUs that others took meanwhile."""

    probe: float
    triad: float
    total: float
    best_probe: float
    best_triad: float
    others: float


def compiled_run(program: Path, buffer_bytes: int) -> tuple[list[float], list[float], float]:
    """Runs of the triad and of the sum, and the share of the CPUs that others took."""
    before, own, began = psutil.cpu_times(), resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ran = subprocess.run([program, str(buffer_bytes)], capture_output=True, check=True, text=True)
    after, mine, took = psutil.cpu_times(), resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    idle = after.idle - before.idle + getattr(after, "iowait", 0.0) - getattr(before, "iowait", 0.0)
    used = mine.ru_utime + mine.ru_stime - own.ru_utime - own.ru_stime
    peer = json.loads(ran.stdout)
    others = 1 - (idle + used) / (took * (os.cpu_count() or 1))
    return [pair[0] for pair in peer], [pair[1] for pair in peer], others


def wait_for_calm(deadline: float) -> None:
    """Return when the machine has been idle for a moment, or when there is no more patience."""
    while psutil.cpu_percent(0.5) > 100 * CALM and time.monotonic() < deadline:
        pass


def turns(target: str, wanted: int) -> Iterator[Turn]:
    """Turns on the first node of a target, at most three times as many as are wanted."""
    parameters = load_target(target)
    cluster = kubernetes.connect(parameters)
    found = kubernetes.survey(cluster, parameters, probe=False)
    with tempfile.TemporaryDirectory() as name:
        program = compiled(Path(name))
        calm, deadline = 0, time.monotonic() + PATIENCE_S
        for _ in range(3 * wanted):
            wait_for_calm(deadline)
            seen = kubernetes.probe_nodes(cluster, parameters, found.nodes)
            machine = seen.machines.get(found.nodes[0].name)
            if machine is None or machine.bandwidth is None:
                raise SystemExit("; ".join(seen.unknown))
            one = machine.bandwidth
            triad, total, others = compiled_run(program, one.buffer_bytes)
            turn = Turn(
                probe=one.gb_per_s.median,
                triad=statistics.median(triad),
                total=statistics.median(total),
                best_probe=one.gb_per_s.high,
                best_triad=max(triad),
                others=max(others, one.others_share),
            )
            print(f"probe {turn.probe:.1f}  triad {turn.triad:.1f}  others {turn.others:.0%}", file=sys.stderr)
            yield turn
            calm += turn.others <= CALM
            if calm >= wanted or time.monotonic() > deadline:
                return


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", default="local", help="a target whose node is this machine")
    parser.add_argument("--quick", action="store_true", help="3 turns")
    parser.add_argument("--turns", type=int, default=9, help="undisturbed turns wanted")
    arguments = parser.parse_args()
    wanted = 3 if arguments.quick else arguments.turns
    every = list(turns(arguments.target, wanted))
    calm = [turn for turn in every if turn.others <= CALM]
    if len(calm) < min(3, wanted):
        print("hardly a turn was undisturbed: all of them are shown, and the ratio says nothing")
        calm = every
    report(calm, every)


def report(calm: list[Turn], every: list[Turn]) -> None:
    """The table and the summary; the best run of all turns, disturbed ones too, is what STREAM itself reports."""
    probe, triad, read = ([getattr(one, name) for one in calm] for name in ("probe", "triad", "total"))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"{'GB/s':<24} {'median':>7} {'low':>7} {'high':>7}")
    for label, figures in (("probe pod", probe), ("compiled triad, 24 bytes", triad), ("compiled sum, 8 bytes", read)):
        print(f"{label:<24} {statistics.median(figures):>7.1f} {min(figures):>7.1f} {max(figures):>7.1f}")
    ratio = statistics.median(probe) / statistics.median(triad)
    best = max(one.best_probe for one in every) / max(one.best_triad for one in every)
    print(
        f"ratio of the medians {ratio:.2f} to the triad ({1 - GOAL:g} to {1 + GOAL:g} wanted), "
        f"{statistics.median(probe) / statistics.median(read):.2f} to the sum, {len(probe)} turns; "
        f"ratio of the best runs {best:.2f}, {len(every)} turns"
    )


if __name__ == "__main__":
    main()
