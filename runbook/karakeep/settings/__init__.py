"""The lint of a Karakeep environment: read from a file or an object, held against rules with their sources."""

from runbook.karakeep.settings.advice import Advice, judge_advice
from runbook.karakeep.settings.environment import Environment, Setting
from runbook.karakeep.settings.linting import RULES, Lint, lint, read_environment
from runbook.karakeep.settings.objects import read_object
from runbook.karakeep.settings.rule import Finding, Release, Rule

__all__ = [
    "RULES",
    "Advice",
    "Environment",
    "Finding",
    "Lint",
    "Release",
    "Rule",
    "Setting",
    "judge_advice",
    "lint",
    "read_environment",
    "read_object",
]
