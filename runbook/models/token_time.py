"""The three rates that decide a machine's speed, how well they are known, and what a measurement adds.

Time of a token: for each tensor type the longer of reading (bytes / bandwidth) and computing (weights * cost of the
type / arithmetic), and a fixed cost for each layer. Before anything is measured each rate is known to a factor, from
public measurements of other machines; Bayes' rule on a grid makes that narrower with each measurement, and leaves wide
what it does not tell: a machine whose memory is the limit says nothing of its arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from runbook.models.host import Rates
from runbook.models.interval import NINE_IN_TEN, Guess
from runbook.models.kernels import ATTENTION_COST, KV_ROW_COST, decode_cost
from runbook.models.traffic import Work

Grid = npt.NDArray[np.float64]
STEPS: Final = (17, 41, 9)
REACH: Final = 3.0


@dataclass(frozen=True)
class Timed:
    """A measured token: its work, and how long it took in seconds."""

    work: Work
    seconds: float


@dataclass(frozen=True)
class Told:
    """A predicted time of a token, in seconds.

    Attributes:
        low: Nine times out of ten it is between this
        expected: and is most likely this
        high: and this.
        memory_share: Share of it that is spent where the memory is the limit.
    """

    low: float
    expected: float
    high: float
    memory_share: float


def token_seconds(work: Work, rates: Rates, measured: Sequence[Timed] = (), *, error: Guess) -> Told:
    """The time of a token of an answer.

    Args:
        work: What it costs.
        rates: What is known of the machine.
        measured: What was measured on it.
        error: By which factor a time differs from what the three rates say, of the model as of a measurement.
    """
    axes = [_axis(guess, steps) for guess, steps in zip(_guesses(rates), STEPS, strict=True)]
    bandwidth, arithmetic, layer = np.meshgrid(*(np.exp(values) for values, _ in axes), indexing="ij", sparse=True)
    first, second, third = np.meshgrid(*(densities for _, densities in axes), indexing="ij", sparse=True)
    weight: Grid = first + second + third
    for one in measured:
        off = np.log(sum(_seconds(one.work, bandwidth, arithmetic, layer)) / one.seconds) / error.deviation
        weight = weight - off**2 / 2
    probability = np.exp(weight - weight.max())
    probability /= probability.sum()
    in_memory, elsewhere = _seconds(work, bandwidth, arithmetic, layer)
    times = np.log(in_memory + elsewhere)
    middle = float((probability * times).sum())
    deviation = sqrt(float((probability * (times - middle) ** 2).sum()) + error.deviation**2)
    share = float((probability * in_memory / (in_memory + elsewhere)).sum())
    reach = NINE_IN_TEN * deviation
    return Told(exp(middle - reach), exp(middle), exp(middle + reach), share)


def _guesses(rates: Rates) -> tuple[Guess, Guess, Guess]:
    return rates.bandwidth, rates.arithmetic, rates.seconds_per_layer


def _axis(guess: Guess, steps: int) -> tuple[Grid, Grid]:
    """Logarithms of values around a guess, and of how likely each is."""
    standard = np.linspace(-REACH, REACH, steps)
    return log(guess.expected) + standard * guess.deviation, -(standard**2) / 2


def _seconds(work: Work, bandwidth: Grid, arithmetic: Grid, layer: Grid) -> tuple[Grid, Grid]:
    """Time where the memory is the limit, and all other time."""
    costs = [(part.bytes, part.weights * decode_cost(part.type_name)) for part in work.parts]
    costs.append((work.kv_bytes, work.attended * ATTENTION_COST + work.kv_rows * KV_ROW_COST))
    in_memory: Grid = np.zeros(np.broadcast_shapes(bandwidth.shape, arithmetic.shape, layer.shape))
    elsewhere: Grid = in_memory + work.layers * layer
    for read, multiplied in costs:
        reading, computing = read / bandwidth, multiplied / arithmetic
        in_memory = in_memory + np.where(reading >= computing, reading, 0.0)
        elsewhere = elsewhere + np.where(reading >= computing, 0.0, computing)
    return in_memory, elsewhere
