"""What went on beside a run: whether the pod was throttled, the node swapped, or others took the CPU."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.inference.sample import Sample

# Below these a run is what it would have been anyway: repeats of one run differ by 6 to 8 %.
THROTTLED_SHARE = 0.05
OTHERS_SHARE = 0.10
# Others take nothing from the model as long as there is CPU left.
FULL_SHARE = 0.90


@dataclass(frozen=True)
class Conditions:
    """What went on between two moments; None where it cannot be known.

    Attributes:
        seconds: The time between them.
        throttled_share: Share of the periods in which the pod used up its CPU limit.
        swapped_pages: Pages that the node swapped.
        pod_cores: CPU that the pod used, in cores.
        others_cores: CPU that everything else on the node used, in cores.
        node_cores: CPUs of the node.
    """

    seconds: float
    throttled_share: float | None = None
    swapped_pages: int | None = None
    pod_cores: float | None = None
    others_cores: float | None = None
    node_cores: float | None = None

    @property
    def fault(self) -> str:
        """Why a run under these conditions says nothing; empty where it does."""
        if self.swapped_pages:
            return f"the node swapped {self.swapped_pages:,} pages"
        if self.throttled_share is not None and self.throttled_share > THROTTLED_SHARE:
            return f"the CPU limit stopped the pod in {self.throttled_share:.0%} of its periods"
        return ""

    @property
    def disturbance(self) -> str:
        """Who else took CPU that the model could have used; empty where nobody did."""
        if self.others_cores is None or self.pod_cores is None or not self.node_cores:
            return ""
        is_full = self.pod_cores + self.others_cores > FULL_SHARE * self.node_cores
        if not is_full or self.others_cores <= OTHERS_SHARE * self.node_cores:
            return ""
        return f"busy node: others used {self.others_cores:.1f} of {self.node_cores:.0f} CPUs"


def conditions(before: Sample | None, after: Sample | None) -> Conditions:
    """What went on between two samples; nothing is known where one is missing."""
    if before is None or after is None or after.at_s <= before.at_s:
        return Conditions(0.0)
    seconds = after.at_s - before.at_s
    pod = _grown(before.cpu_s, after.cpu_s)
    busy, whole = _grown(before.node_busy_s, after.node_busy_s), _grown(before.node_cpu_s, after.node_cpu_s)
    periods, throttled = (
        _grown(before.periods, after.periods),
        _grown(before.throttled_periods, after.throttled_periods),
    )
    swapped = _grown(before.swapped_pages, after.swapped_pages)
    return Conditions(
        seconds=seconds,
        throttled_share=None if throttled is None else throttled / periods if periods else 0.0,
        swapped_pages=None if swapped is None else round(swapped),
        pod_cores=None if pod is None else pod / seconds,
        others_cores=None if busy is None or pod is None else max(0.0, busy - pod) / seconds,
        node_cores=None if whole is None else round(whole / seconds),
    )


def _grown(before: float | None, after: float | None) -> float | None:
    """How much a counter grew; None where it is not there, or began anew with another pod."""
    return None if before is None or after is None or after < before else after - before
