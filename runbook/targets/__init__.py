"""Targets: the clusters that can be rebuilt, each a file of parameters, checked before anything is touched."""

from runbook.targets.files import PROJECT, TARGETS, find_target
from runbook.targets.listing import TargetSummary, list_targets
from runbook.targets.load import load_target

__all__ = ["PROJECT", "TARGETS", "TargetSummary", "find_target", "list_targets", "load_target"]
