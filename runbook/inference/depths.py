"""Speed at depth: how fast a model reads a prompt of some length, and how fast it writes after it.

Each token written reads the keys and values of all before it, so writing slows down with depth; each token read looks
back at those before it, so reading does too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbook.inference.measure import statistic
from runbook.inference.runs import InvalidRun
from runbook.inference.series import SPARE_TOKENS, Series
from runbook.inference.statistic import Statistic
from runbook.inference.watcher import Watcher
from runbook.ollama import Ollama
from runbook.ollama.context import DEFAULT_CONTEXT

DEPTHS = (0, 512, 2048)
# Lengths at which only the prompt's speed is of interest.
PROMPT_LENGTHS = (128, 1024)
FEW_TOKENS = 8
CONTEXT_STEP = 256


@dataclass(frozen=True)
class Depth:
    """Speed after a prompt of some length.

    Attributes:
        depth: The length asked for, in tokens; 0 stands for a prompt of a nonce alone.
        prompt_tokens: The length it had.
        context_length: `num_ctx` of the requests: the consumer's, or more where that is too small for the depth.
        decode_tokens_per_second: Writing after it, by the server's time.
        prompt_tokens_per_second: Reading it; None where it is too short to say.
        wall_tokens_per_second: Writing after it, by our clock.
        runs: Runs that count.
        invalid: Runs that do not, each with its reason.
        disturbed: How many of those that count had a busy node.
    """

    depth: int
    prompt_tokens: int | None
    context_length: int
    decode_tokens_per_second: Statistic
    prompt_tokens_per_second: Statistic | None
    wall_tokens_per_second: Statistic | None
    runs: int
    invalid: tuple[InvalidRun, ...]
    disturbed: int


def measure_depth(
    ollama: Ollama,
    model: str,
    depth: int,
    *,
    options: Mapping[str, Any],
    repetitions: int,
    tokens: int,
    watcher: Watcher | None = None,
    into: list[Depth] | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Depth | None:
    """Measure a model after a prompt of some length; None where no run counts.

    Args:
        ollama: The server.
        model: The model.
        depth: The length of the prompt, in tokens.
        options: The consumer's own options; their context is enlarged where the depth does not fit into it.
        repetitions: Runs that have to count.
        tokens: Tokens generated in each run.
        watcher: The watch over the server's pod.
        into: Where it is put as well, as far as it came when somebody interrupts it.
        on_progress: Called with a line after each run.
    """
    own = int(options.get("num_ctx", DEFAULT_CONTEXT))
    context = max(own, _rounded(depth + tokens + SPARE_TOKENS))
    if watcher:
        watcher.phase(f"depth {depth:,}")
    series = Series(
        ollama,
        model,
        {**options, "num_ctx": context},
        tokens,
        prompt_tokens=depth,
        watcher=watcher,
        on_progress=_titled(on_progress, f"depth {depth:,}"),
    )
    try:
        series.warm_up()
        series.repeat(repetitions)
    finally:
        found = _depth(depth, context, series) if series.runs else None
        if into is not None and found is not None:
            into.append(found)
    return found


def _depth(depth: int, context: int, series: Series) -> Depth:
    lengths: Sequence[int] = sorted(run.prompt_tokens for run in series.runs if run.prompt_tokens is not None)
    return Depth(
        depth=depth,
        prompt_tokens=lengths[len(lengths) // 2] if lengths else None,
        context_length=context,
        decode_tokens_per_second=Statistic.of(run.decode_tokens_per_second for run in series.runs),
        # A nonce alone takes about one step, whatever its length.
        prompt_tokens_per_second=statistic(run.prompt_tokens_per_second for run in series.runs) if depth else None,
        wall_tokens_per_second=statistic(run.wall_tokens_per_second for run in series.runs),
        runs=len(series.runs),
        invalid=tuple(series.invalid),
        disturbed=sum(bool(run.disturbed) for run in series.runs),
    )


def _rounded(tokens: int) -> int:
    return -(-tokens // CONTEXT_STEP) * CONTEXT_STEP


def _titled(show: Callable[[str], None] | None, title: str) -> Callable[[str], None] | None:
    return (lambda line: show(f"{title}: {line}")) if show else None
