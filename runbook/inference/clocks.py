"""Two clocks on one run: what the server says it did, what we waited, and where the difference went."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from runbook.inference.runs import TimedRun


@dataclass(frozen=True)
class Clocks:
    """Where the time of a run went: medians over the runs, in seconds.

    Attributes:
        wall_s: What we waited.
        server_s: What the server says the whole took.
        load_s: Looking up the loaded model.
        prompt_s: Reading the prompt, the first token included.
        output_s: The steps of the other tokens.
        sampling_s: What the server leaves out of those three: choosing tokens, the grammar, its queue.
        way_s: The way there and back: HTTP, the Service or the port-forward, and our own program.
    """

    wall_s: float
    server_s: float
    load_s: float
    prompt_s: float
    output_s: float
    sampling_s: float
    way_s: float

    @property
    def words(self) -> str:
        """The difference in words."""
        return (
            f"Of {self.wall_s:.2f} s by our clock the server accounts for {self.server_s:.2f} s: "
            f"{self.load_s:.2f} s to find the model, {self.prompt_s:.2f} s for the prompt, "
            f"{self.output_s:.2f} s for the steps, and "
            f"{self.sampling_s:.2f} s that no duration of its names (choosing tokens, grammar, queue). "
            f"{self.way_s:.2f} s are the way there and back."
        )


def clocks(runs: Sequence[TimedRun]) -> Clocks | None:
    """Where the time of the runs went; None without runs."""
    if not runs:
        return None

    def middle(values: list[float]) -> float:
        return statistics.median(values)

    named = [run.load_s + run.prompt_s + run.output_s for run in runs]
    return Clocks(
        wall_s=middle([run.wall_s for run in runs]),
        server_s=middle([run.server_s for run in runs]),
        load_s=middle([run.load_s for run in runs]),
        prompt_s=middle([run.prompt_s for run in runs]),
        output_s=middle([run.output_s for run in runs]),
        sampling_s=middle([run.server_s - known for run, known in zip(runs, named, strict=True)]),
        way_s=middle([run.wall_s - run.server_s for run in runs]),
    )
