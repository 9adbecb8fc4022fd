"""The causes of a failed rollout, in the order in which they hide one another: the first that is seen is the root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runbook.kubernetes.causes import container, controller, image, node, scheduling, storage
from runbook.kubernetes.known import Diagnosis
from runbook.kubernetes.workload import Workload


@dataclass(frozen=True)
class Cause:
    """A cause, or a family of causes that one place shows.

    Attributes:
        ids: The identifiers it may find.
        recognise: The diagnosis, where a workload shows it.
    """

    ids: tuple[str, ...]
    recognise: Callable[[Workload], Diagnosis | None]


CAUSES: tuple[Cause, ...] = (
    Cause(("D07",), controller.namespace_is_terminating),
    Cause(("D00",), controller.is_not_there),
    Cause(("D02",), controller.is_being_deleted),
    Cause(("D16",), controller.is_paused_or_empty),
    Cause(("D56",), node.is_not_ready),
    Cause(("D07", "D08", "D10", "D11", "D12", "D13", "D14", "D15"), controller.pod_is_refused),
    Cause(("D17",), controller.old_pod_stays),
    Cause(("D50", "D51"), node.pod_was_evicted),
    # Before the scheduler: it says nothing while it waits for a volume to be made.
    Cause(("D21", "D24", "D25", "D26", "D27"), storage.claim_is_not_bound),
    Cause(("D23",), scheduling.nobody_schedules),
    Cause(("D18", "D19", "D20", "D22", "D51", "D56"), scheduling.no_node_fits),
    Cause(("D28", "D29", "D30", "D31", "D32"), storage.volume_is_not_mounted),
    Cause(("D33", "D34", "D35", "D36", "D37", "D38", "D39"), image.is_not_pulled),
    Cause(("D40", "D41", "D42", "D43"), container.does_not_start),
    Cause(("D44",), container.exceeds_its_memory),
    Cause(("D48",), container.is_killed_by_a_probe),
    Cause(("D42", "D45", "D46", "D47", "D49"), container.keeps_dying),
    Cause(("D49",), container.is_never_ready),
    Cause(("D52",), node.pod_was_taken_away),
    Cause(("D57",), controller.deadline_has_passed),
)
