"""Inference: verification as the consumer asks, and measurement that says what it counted and what it did not."""

from runbook.inference.calibrating import calibrated, calibration
from runbook.inference.clocks import Clocks, clocks
from runbook.inference.cold import ColdStart, measure_cold_start
from runbook.inference.conditions import Conditions, conditions
from runbook.inference.consumer import FORMS, Contract, Recommendation, check_contract
from runbook.inference.contract import verify_contract
from runbook.inference.depths import Depth, measure_depth
from runbook.inference.experiment import Experiment, experiment
from runbook.inference.leak import LeakTest, Slope, leak_check, leak_test, slope
from runbook.inference.measure import Measurement, measure, measurement_check
from runbook.inference.picture import sunny_field
from runbook.inference.prompts import fresh_prompt
from runbook.inference.runs import InvalidRun, TimedRun, timed_run
from runbook.inference.sample import Sample
from runbook.inference.silence import Way
from runbook.inference.statistic import Statistic
from runbook.inference.thorough import PARTS, Thorough, measure_thoroughly, memory_check, thorough_checks
from runbook.inference.trace import Phase, Trace
from runbook.inference.trial import Trial
from runbook.inference.under_load import verify_under_load
from runbook.inference.verify import verify_loaded, verify_text, verify_unloaded, verify_vision
from runbook.inference.watcher import Watcher, watch
from runbook.inference.workload import Workload, measure_workload

__all__ = [
    "FORMS",
    "PARTS",
    "Clocks",
    "ColdStart",
    "Conditions",
    "Contract",
    "Depth",
    "Experiment",
    "InvalidRun",
    "LeakTest",
    "Measurement",
    "Phase",
    "Recommendation",
    "Sample",
    "Slope",
    "Statistic",
    "Thorough",
    "TimedRun",
    "Trace",
    "Trial",
    "Watcher",
    "Way",
    "Workload",
    "calibrated",
    "calibration",
    "check_contract",
    "clocks",
    "conditions",
    "experiment",
    "fresh_prompt",
    "leak_check",
    "leak_test",
    "measure",
    "measure_cold_start",
    "measure_depth",
    "measure_thoroughly",
    "measure_workload",
    "measurement_check",
    "memory_check",
    "slope",
    "sunny_field",
    "thorough_checks",
    "timed_run",
    "verify_contract",
    "verify_loaded",
    "verify_text",
    "verify_under_load",
    "verify_unloaded",
    "verify_vision",
    "watch",
]
