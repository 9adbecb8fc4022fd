"""Inference: verification as the consumer asks, and measurement that says what it counted and what it did not."""

from runbook.inference.contract import verify_contract
from runbook.inference.measure import Measurement, measure, measurement_check
from runbook.inference.picture import sunny_field
from runbook.inference.prompts import fresh_prompt
from runbook.inference.runs import InvalidRun, TimedRun, timed_run
from runbook.inference.statistic import Statistic
from runbook.inference.verify import verify_loaded, verify_text, verify_vision

__all__ = [
    "InvalidRun",
    "Measurement",
    "Statistic",
    "TimedRun",
    "fresh_prompt",
    "measure",
    "measurement_check",
    "sunny_field",
    "timed_run",
    "verify_contract",
    "verify_loaded",
    "verify_text",
    "verify_vision",
]
