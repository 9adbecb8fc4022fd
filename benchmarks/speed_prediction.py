"""How well speeds are foretold: the public measurements, whole machines left out, and models on this machine.

On this machine the pinned Ollama runs as a child of this program, with twins of real shapes and, where its package is
installed, the real gemma3:270m. Two models are measured to calibrate, the others are foretold from them: answers at
three depths, and prompts. Beside it the two predictors in use: peak bandwidth over bytes, and one constant.

Models take turns in rounds. With --work a run can be made in portions: --minutes stops it after so many, the next call
goes on. A repetition during which other programs or the hypervisor had CPU is disturbed, by the kernel's account, and
is tried again up to three times; figures say where only disturbed ones were to be had.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median

import psutil
from ollama_child import OTHERS_MAY_HAVE, priority, work_folder
from real_model import real_file
from speed_models import LADDER, Subject, ladder, subjects
from speed_runs import TOKENS, Figure, Runs, depths_of
from this_machine import machine

from runbook.hardware import node_program
from runbook.local.parts import build
from runbook.models import Calibration, Host, Interval, Measured, decode_speed, measured_speed, prompt_speed, shape_of
from runbook.models.traffic import decode_work, prompt_work
from runbook.targets import PROJECT

sys.path.append(str(PROJECT))
from tests.unit.models import public_speeds

GOALS = {"median": 0.08, "largest": 0.20}
BANDWIDTH_BYTES, BANDWIDTH_S = 1 << 30, 3.0


@dataclass(frozen=True)
class Foretold:
    """A speed that was foretold and measured, in tokens per second.

    Attributes:
        subject: The model.
        depth: Tokens before the answer, or of the prompt.
        measured: What was measured.
        ours: What the model math says.
        constant: What one constant says: bytes, or weights of a prompt, per second of the calibration.
        peak: What the whole bandwidth would give; None for prompts.
    """

    subject: Subject
    depth: int
    measured: Figure
    ours: Interval
    constant: float
    peak: float | None = None

    @property
    def off(self) -> float:
        """Our error as a share of what was measured."""
        return self.ours.expected / self.measured.median - 1


@dataclass(frozen=True)
class Reading:
    """Read bandwidth of this machine.

    Attributes:
        gb_per_s: The best run, in GB/s.
        others_share: Share of all CPUs that others had meanwhile.
    """

    gb_per_s: float
    others_share: float

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the machine may do more; empty where nothing is known to have slowed it down."""
        busy = f"others had {self.others_share:.0%} of the CPUs while the bandwidth was read"
        return (busy,) if self.others_share > OTHERS_MAY_HAVE else ()


class Here:
    """This machine, calibrated by the two models."""

    def __init__(self, runs: Runs, read: Reading) -> None:
        self.runs, self.bandwidth = runs, read.gb_per_s
        self.known = [one for one in runs.subjects if one.role == "calibration"]
        threads = runs.threads or psutil.cpu_count(logical=False) or 1
        calibration = Calibration(machine(), threads, tuple(self._measured()), "0.15.6")
        self.host = Host(
            read.gb_per_s, "measured", threads=threads, calibration=calibration, bandwidth_doubts=read.doubts
        )

    def _measured(self) -> Iterator[Measured]:
        for subject in self.known:
            answer = self.runs.figure(subject, 0)
            prompt = self.runs.figure(subject, 512, prompt=True)
            if answer is not None:
                yield measured_speed(
                    subject.header,
                    answer.median,
                    depth=self._middle(subject, 0),
                    prompt_tokens_per_second=prompt.median if prompt else None,
                    prompt_tokens=self.runs.prompt_tokens(subject, 512),
                )

    def _middle(self, subject: Subject, depth: int) -> int:
        return self.runs.prompt_tokens(subject, depth) + TOKENS // 2

    def answers(self, role: str = "test") -> Iterator[Foretold]:
        """Answers of the models of a role, at each depth."""
        per_second = mean(
            decode_work(one.header, shape_of(one.header)).read_bytes * figure.median
            for one in self.known
            if (figure := self.runs.figure(one, 0))
        )
        for subject in self.runs.subjects:
            for depth in depths_of(subject) if subject.role == role else ():
                if figure := self.runs.figure(subject, depth):
                    middle = self._middle(subject, depth)
                    read = decode_work(subject.header, shape_of(subject.header), depth=middle).read_bytes
                    ours = decode_speed(subject.header, self.host, depth=middle)
                    yield Foretold(subject, depth, figure, ours, per_second / read, self.bandwidth * 1e9 / read)

    def prompts(self, role: str = "test") -> Iterator[Foretold]:
        """Prompts of the models of a role."""
        per_second = mean(
            decode_work(one.header, shape_of(one.header)).weights * figure.median
            for one in self.known
            if (figure := self.runs.figure(one, 512, prompt=True))
        )
        for subject in self.runs.subjects:
            for depth in depths_of(subject)[1:] if subject.role == role else ():
                if figure := self.runs.figure(subject, depth, prompt=True):
                    ours = prompt_speed(subject.header, self.host, depth=self.runs.prompt_tokens(subject, depth))
                    weights = decode_work(subject.header, shape_of(subject.header)).weights
                    yield Foretold(subject, depth, figure, ours, per_second / weights)


def print_public() -> dict[str, float]:
    """The public rows: errors, and how many ranges hold."""
    found, again = public_speeds.homelab(), public_speeds.repeated()
    cold, once, all_once = public_speeds.cold(found), public_speeds.once(found), public_speeds.once(again)
    print("public rows, each machine foretold by the others (x86 at home; ranges after one measurement: all machines)")
    print(f"{'':34}{'rows':>6}{'machines':>10}{'median':>9}{'within 25 %':>13}{'in range':>10}")
    for name, judged in (("cold", cold), ("measured once", once), ("measured once, all machines", all_once)):
        print(
            f"{name:34}{len(judged):>6}{len({one.cpu for one in judged}):>10}{median(one.off for one in judged):>9.1%}"
            f"{mean(one.off <= 0.25 for one in judged):>13.0%}{mean(one.is_inside for one in judged):>10.0%}"
        )
    peak = [row.seconds * row.host.bandwidth_gb_per_s * 1e9 / row.work.read_bytes - 1 for row in found]
    print(f"{'peak bandwidth over bytes':34}{len(peak):>6}{len({row.cpu for row in found}):>10}{median(peak):>9.1%}\n")
    return {
        "cold_median": median(one.off for one in cold),
        "cold_within_25": mean(one.off <= 0.25 for one in cold),
        "once_median": median(one.off for one in once),
        "cold_in_range": mean(one.is_inside for one in cold),
        "once_in_range": mean(one.is_inside for one in all_once),
        "peak_median": median(peak),
    }


def print_table(title: str, rows: Sequence[Foretold]) -> None:
    """Foretold against measured."""
    print(f"{title}; ~ where fewer than three repetitions were undisturbed")
    print(
        f"{'model':30}{'depth':>6}{'measured':>10}{'noise':>7}{'ours':>9}{'error':>8}{'range':>16}{'bound':>9}"
        f"{'constant':>10}{'peak':>8}"
    )
    for row in rows:
        figure, ours = row.measured, row.ours
        mark = "~" if figure.are_disturbed else " "
        peak = f"{row.peak / figure.median - 1:>+8.0%}" if row.peak else f"{'':>8}"
        print(
            f"{row.subject.name:30}{row.depth:>6}{figure.median:>9.1f}{mark}{figure.noise:>7.1%}{ours.expected:>9.1f}"
            f"{row.off:>+8.1%}{f'{ours.low:.1f} to {ours.high:.1f}':>16}{ours.bound:>9}"
            f"{row.constant / figure.median - 1:>+10.0%}{peak}"
        )
    print()


def summary(name: str, rows: Sequence[Foretold]) -> dict[str, float]:
    """The figures of a table."""
    errors = [abs(row.off) for row in rows]
    found = {
        f"{name}_models": len({row.subject.name for row in rows}),
        f"{name}_median": median(errors),
        f"{name}_largest": max(errors),
        f"{name}_in_range": mean(row.measured.median in row.ours for row in rows),
        f"{name}_noise": median(row.measured.noise for row in rows),
        f"{name}_constant_median": median(abs(row.constant / row.measured.median - 1) for row in rows),
        f"{name}_disturbed": sum(row.measured.are_disturbed for row in rows),
    }
    if peaks := [abs(row.peak / row.measured.median - 1) for row in rows if row.peak]:
        found[f"{name}_peak_median"] = median(peaks)
    return found


def print_here(runs: Runs, read: Reading) -> dict[str, float]:
    """This machine's tables."""
    here = Here(runs, read)
    known = [*here.answers("calibration")]
    answers, prompts = list(here.answers()), list(here.prompts())
    print(f"{machine()}, {here.host.threads} threads, memory read at {read.gb_per_s:.1f} GB/s")
    print("".join(f"note: {doubt}\n" for doubt in here.host.doubts), end="")
    print_table("answers of the models that calibrate (at depth 0)", known)
    print_table("answers, tokens per second", answers)
    print_table("prompts, tokens per second", prompts)
    flat = [row for row in answers if row.depth == 0]
    deep = [row for row in answers if row.depth]
    figures = summary("answer", flat) | (summary("deep_answer", deep) if deep else {}) | summary("prompt", prompts)
    is_met = figures["answer_median"] <= GOALS["median"] and figures["answer_largest"] <= GOALS["largest"]
    return figures | {"met": is_met}


def print_ladder(runs: Runs) -> None:
    """What a weight of each type costs against one of Q4_K: the constants of `runbook.models.kernels`."""
    base = _cost(runs, "q4_k", prompt=False), _cost(runs, "q4_k", prompt=True)
    print(f"{'type':8}{'answer':>10}{'prompt':>10}   cost of a weight against Q4_K, {runs.threads or 'all'} threads")
    for kind in LADDER:
        costs = [_cost(runs, kind.lower(), prompt=prompt) for prompt in (False, True)]
        cells = [
            f"{one / other:>10.2f}" if one and other else f"{'':>10}" for one, other in zip(costs, base, strict=True)
        ]
        print(f"{kind:8}{''.join(cells)}")


def _cost(runs: Runs, kind: str, *, prompt: bool) -> float | None:
    [subject] = [one for one in runs.subjects if one.name == f"twin-ladder-{kind}"]
    figure = runs.figure(subject, 512 if prompt else 0, prompt=prompt)
    if figure is None:
        return None
    shape = shape_of(subject.header)
    work = prompt_work(subject.header, shape) if prompt else decode_work(subject.header, shape)
    return 1 / (figure.median * work.weights)


def bandwidth(work: Path, threads: int) -> Reading:
    """Read with so many threads, as the survey's probe does: the best of all portions, since others only slow it."""
    kept = work / f"bandwidth-{threads}.json"
    found = [Reading(**one) for one in json.loads(kept.read_text())] if kept.exists() else []
    memory, own = node_program.Memory(BANDWIDTH_BYTES, threads), psutil.Process()
    with priority(own):
        busy, mine, began = node_program.busy_s(), sum(own.cpu_times()[:2]), time.monotonic()
        runs = memory.runs(BANDWIDTH_S)["read"]
        others = node_program.busy_s() - busy - (sum(own.cpu_times()[:2]) - mine)
    share = max(0.0, others) / (time.monotonic() - began) / (os.cpu_count() or 1)
    found.append(Reading(max(runs), round(share, 3)))
    kept.write_text(json.dumps([asdict(one) for one in found]))
    return max(found, key=lambda one: one.gb_per_s)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Measure, print the tables, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--rounds", type=int, default=4, help="rounds in all (default 4)")
    parser.add_argument("--work", type=Path, help="keep twins and repetitions here, and go on from them (7 GB)")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin nothing after so many")
    parser.add_argument("--threads", type=int, default=0, help="threads of the runner; Ollama's own choice by default")
    parser.add_argument("--ladder", action="store_true", help="measure the cost of each tensor type instead")
    parser.add_argument("--public", action="store_true", help="the public rows only: nothing is run")
    parser.add_argument("--report", action="store_true", help="run nothing: the tables of what --work holds")
    chosen = parser.parse_args()
    until = time.monotonic() + 60 * chosen.minutes
    figures = print_public()
    if not chosen.public:
        with work_folder(chosen.work) as work:
            figures |= _here(chosen, work, until)
    print(json.dumps({"benchmark": "speed_prediction", "goals": GOALS} | _rounded(figures)))


def _here(chosen: argparse.Namespace, work: Path, until: float) -> dict[str, float]:
    models = ladder() if chosen.ladder else subjects(real_file(work))
    program = build(_say).programs["ollama"]
    runs = Runs(program, work, models, chosen.threads, _say)
    read = bandwidth(work, runs.threads or os.cpu_count() or 1)
    rounds = 1 if chosen.quick else chosen.rounds
    if not chosen.report and not runs.go_on(rounds, until):
        _say("not all rounds are measured yet: the same command goes on")
    if chosen.ladder:
        print_ladder(runs)
        return {}
    return print_here(runs, read)


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: value if isinstance(value, bool) else round(value, 4) for name, value in figures.items()}


if __name__ == "__main__":
    main()
