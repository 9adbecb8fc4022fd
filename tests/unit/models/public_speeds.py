"""The public measurements of decoding as work and machines, and how well each machine is foretold by the others.

A machine is left out whole: neither the share of bandwidth nor the width of a range has seen it. A width is Student's t
of the others' errors, each machine with one vote however many of its rows are public. Conformal widths were tried: of
13 machines nine in ten is all of them, and the widest error of all is too wide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import exp, log, sqrt
from statistics import NormalDist, mean, median

from runbook.models import Calibration, Host, Measured
from runbook.models.host import MODEL_ERROR
from runbook.models.interval import Guess
from runbook.models.speed import work_speed
from runbook.models.traffic import Part, Work
from tests.unit.models.conftest import rows

CLAIM = 0.9
HOMELAB_WORDS = ("Core i", "Xeon E3", "N150", "Ryzen", "Threadripper")
# Not a machine as its owner runs it: half its cores busy, a fabric slower than its memory, no proof of the backend.
UNUSABLE = ("busy cores", "fabric limit", "backend not proven", "older firmware")
# The whole mixture's bits per weight, its scales and better tensors included.
BITS = {"Q4_K": 4.85, "Q4_0": 4.55, "Q8_0": 8.5, "F16": 16, "BF16": 16}
# Layers of the published models by the size in their name, where that tells which they are.
LAYERS = {
    "1b": 16, "1.1b": 22, "1.5b": 28, "1.7b": 28, "3b": 28, "7b": 32, "8b": 32, "8x7b": 32, "9b": 42, "12b": 48,
    "13b": 40, "14b": 48, "30b": 48, "70b": 80, "72b": 80, "405b": 126, "lite": 27, "r1": 61,
}  # fmt: skip
# Physical cores of machines whose row does not state threads: the number that Ollama and llama.cpp start.
CORES = {"i5-1135G7": 4, "i7-8550U": 4, "i5-9500": 6, "3970X": 32, "7950X": 16, "6980P": 128, "9175F": 32}


@dataclass(frozen=True)
class Row:
    """A public measurement.

    Attributes:
        machine: The CPU, with the engine and threads that the row was measured with.
        cpu: The CPU alone.
        model: The model.
        work: What one token of it costs.
        host: The machine, as far as the row says.
        seconds: Time of a token.
        is_homelab: Whether it is an x86 machine at home, on the peak of its memory, with the usual engines.
    """

    machine: tuple[str, str, str]
    cpu: str
    model: str
    work: Work
    host: Host
    seconds: float
    is_homelab: bool


@dataclass(frozen=True)
class Judged:
    """A row foretold by other machines.

    Attributes:
        cpu: Its CPU.
        error: Natural logarithm of foretold over measured speed.
        scale: How much larger than usual the errors of such a machine are taken to be.
        is_inside: Whether the measured speed lies in the range.
    """

    cpu: str
    error: float
    scale: float = 1.0
    is_inside: bool = True

    @property
    def relative(self) -> float:
        """The error against the usual one of such machines."""
        return self.error / self.scale

    @property
    def off(self) -> float:
        """The error as a share of the measured speed."""
        return abs(exp(self.error) - 1)


def public_rows() -> list[Row]:
    """All rows that state bandwidth, speed and bytes, of Ollama and llama.cpp, if they are a fair measurement."""
    return [_row(one) for one in rows("speed.csv") if _usable(one)]


def _usable(one: dict[str, str]) -> bool:
    stated = one["bw_GBs"] and one["tg_tok_s"] and one["read_GB_per_token"]
    return (
        bool(stated)
        and not one["engine"].startswith("ik_")
        and not any(word in one["outlier"] + one["notes"] for word in UNUSABLE)
    )


def _row(one: dict[str, str]) -> Row:
    known = [cores for name, cores in CORES.items() if name in one["cpu"]]
    threads = int(one["threads"] or (known[0] if known else 4))
    basis = "measured" if one["bw_basis"] == "measured" else "peak"
    own = any(word in one["cpu"] for word in HOMELAB_WORDS) and one["class"] in ("mini", "desktop")
    host = Host(float(one["bw_GBs"]), basis, _memory(one), threads, cores=threads)
    return Row(
        (one["cpu"], one["engine"].split()[0], one["threads"]),
        one["cpu"],
        one["model"],
        _work(one),
        host,
        1 / float(one["tg_tok_s"]),
        own and basis == "peak",
    )


def _memory(one: dict[str, str]) -> str:
    if one["class"] == "apple":
        return "unified"
    return "lpddr" if "LPDDR" in one["memory"] else "ddr5" if "DDR5" in one["memory"] else "ddr4"


def _work(one: dict[str, str]) -> Work:
    kind = next(name for name in BITS if name in one["model"])
    size = re.search(r"8x7b|lite|r1|\d+(\.\d+)?b", one["model"].lower().removeprefix("deepseek-r1:"))
    read = int(float(one["read_GB_per_token"]) * 1e9)
    return Work((Part(kind, read, int(8 * read / BITS[kind])),), LAYERS[size[0] if size else "r1"])


def homelab() -> list[Row]:
    """The x86 machines at home."""
    return [row for row in public_rows() if row.is_homelab]


def repeated() -> list[Row]:
    """The rows of every kind of machine that was measured more than once with the same engine and threads."""
    found = public_rows()
    return [row for row in found if sum(other.machine == row.machine for other in found) > 1]


def share_of(found: Sequence[Row]) -> float:
    """The share of the bandwidth that the median machine reaches, beside the fixed cost of its layers."""
    usual = [row for row in found if row.is_homelab]
    shares = {row.cpu: [_share(one) for one in usual if one.cpu == row.cpu] for row in usual}
    return exp(median(mean(each) for each in shares.values()))


def _share(row: Row) -> float:
    reading = row.seconds - row.work.layers * row.host.rates.seconds_per_layer.expected
    return log(row.work.read_bytes / (row.host.bandwidth_gb_per_s * 1e9 * reading))


def cold(found: Sequence[Row]) -> list[Judged]:
    """Each row foretold by the share of the other machines, with a range as wide as their own errors call for."""
    return _left_out(found, _cold_errors)


def once(found: Sequence[Row]) -> list[Judged]:
    """Each row foretold from each other row of its machine alone, ranges as wide as other machines call for."""
    return _left_out(found, lambda fitted, judged: _once_errors(judged, share_of(fitted)))


def _left_out(found: Sequence[Row], errors: Callable[[Sequence[Row], Sequence[Row]], list[Judged]]) -> list[Judged]:
    judged = []
    for cpu in dict.fromkeys(row.cpu for row in found):
        others = [row for row in found if row.cpu != cpu]
        width = width_of(list(_each_by_the_rest(others, errors)))
        mine = errors(others, [row for row in found if row.cpu == cpu])
        judged += [replace(one, is_inside=abs(one.relative) <= width) for one in mine]
    return judged


def _each_by_the_rest(
    found: Sequence[Row], errors: Callable[[Sequence[Row], Sequence[Row]], list[Judged]]
) -> Iterator[Judged]:
    for cpu in dict.fromkeys(row.cpu for row in found):
        yield from errors([row for row in found if row.cpu != cpu], [row for row in found if row.cpu == cpu])


def cold_width(found: Sequence[Row]) -> float:
    """Half the range's width, as a logarithm, that the errors of all machines call for before a measurement."""
    return width_of(list(_each_by_the_rest(found, _cold_errors)))


def once_width(found: Sequence[Row]) -> float:
    """The same after one measurement."""
    return width_of(list(_each_by_the_rest(found, lambda fitted, judged: _once_errors(judged, share_of(fitted)))))


def width_of(judged: Sequence[Judged]) -> float:
    """The error that nine in ten machines stay within, by Student's t; each machine has one vote."""
    votes = [mean(one.relative**2 for one in judged if one.cpu == cpu) for cpu in {one.cpu for one in judged}]
    return student_t(0.5 + CLAIM / 2, len(votes) - 1) * sqrt(mean(votes))


def student_t(quantile: float, freedom: int) -> float:
    """Student's t by its expansion around the normal distribution (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf(quantile)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def _cold_errors(fitted: Sequence[Row], judged: Sequence[Row]) -> list[Judged]:
    share = share_of(fitted)
    return [Judged(row.cpu, log(_speed(row, share) * row.seconds)) for row in judged]


def _once_errors(judged: Sequence[Row], share: float) -> list[Judged]:
    return [
        Judged(
            row.cpu, log(_speed(row, share, known) * row.seconds), log(row.host.error.factor) / log(MODEL_ERROR.factor)
        )
        for row in judged
        for known in judged
        if known is not row and known.machine == row.machine
    ]


@cache
def _speed(row: Row, share: float, known: Row | None = None) -> float:
    """What the package says, with this share in the place of its own."""
    host = replace(row.host, calibration=_calibration(known) if known else None)
    if row.is_homelab:
        host = replace(host, bandwidth_gb_per_s=host.bandwidth_gb_per_s * share / host.share.expected)
    return work_speed(row.work, host).expected


def _calibration(known: Row) -> Calibration:
    measured = Measured(known.model, known.work, 1 / known.seconds)
    return Calibration(known.cpu, known.host.threads, (measured,))


def combined(*guesses: Guess) -> float:
    """Logarithm of the factor of guesses that err independently."""
    return sum(log(guess.factor) ** 2 for guess in guesses) ** 0.5
