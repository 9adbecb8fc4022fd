"""What the machines offer a model: a survey of nodes from the API's own dicts, and the memory of a control group.

Everything here is pure: it computes with what it is handed and asks nobody.
"""

from runbook.hardware.cgroup import MemoryState, read_memory_state
from runbook.hardware.checks import hardware_checks
from runbook.hardware.cpu import CpuState, ThreadPlan, plan_threads, read_cpu_state, throttled_share
from runbook.hardware.nodes import NodeFacts
from runbook.hardware.quantity import parse_quantity
from runbook.hardware.storage import StorageClass
from runbook.hardware.survey import Survey, survey

__all__ = [
    "CpuState",
    "MemoryState",
    "NodeFacts",
    "StorageClass",
    "Survey",
    "ThreadPlan",
    "hardware_checks",
    "parse_quantity",
    "plan_threads",
    "read_cpu_state",
    "read_memory_state",
    "survey",
    "throttled_share",
]
