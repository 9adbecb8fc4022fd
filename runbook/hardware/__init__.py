"""What the machines offer a model: a survey of nodes from the API's own dicts, and the memory of a control group.

Everything here is pure: it computes with what it is handed and asks nobody. The exception is `node_program`, which
runs on a node and not here.
"""

from runbook.hardware.cgroup import MemoryState, read_memory_state
from runbook.hardware.checks import hardware_checks
from runbook.hardware.cpu import CpuState, ThreadPlan, plan_threads, read_cpu_state, throttled_share
from runbook.hardware.machine import Bandwidth, Machine, Reading, Spread, kept_machine, machine
from runbook.hardware.nodes import NodeFacts
from runbook.hardware.peak import Peak, peak_of
from runbook.hardware.quantity import parse_quantity
from runbook.hardware.ranking import Placement, rank_nodes
from runbook.hardware.requests import Load, load_of
from runbook.hardware.storage import StorageClass
from runbook.hardware.survey import Survey, survey, with_machines

__all__ = [
    "Bandwidth",
    "CpuState",
    "Load",
    "Machine",
    "MemoryState",
    "NodeFacts",
    "Peak",
    "Placement",
    "Reading",
    "Spread",
    "StorageClass",
    "Survey",
    "ThreadPlan",
    "hardware_checks",
    "kept_machine",
    "load_of",
    "machine",
    "parse_quantity",
    "peak_of",
    "plan_threads",
    "rank_nodes",
    "read_cpu_state",
    "read_memory_state",
    "survey",
    "throttled_share",
    "with_machines",
]
