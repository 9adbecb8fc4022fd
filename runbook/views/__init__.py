"""Views: tables, pictures, progress and controls; the only room that knows how something looks."""

from runbook.views.bandwidth import bandwidth_curve
from runbook.views.changes import changes, plan, removals
from runbook.views.cluster import constraints, placements, survey
from runbook.views.estimates import estimates, selection
from runbook.views.exercises import answer
from runbook.views.explorer import contexts, explore
from runbook.views.history import steps
from runbook.views.layers import Layer, Layers
from runbook.views.measurements import comparison, measurement, runs
from runbook.views.memory import memory_bar
from runbook.views.memory_trace import memory_over_time
from runbook.views.objects import events, objects
from runbook.views.pictures import Picture
from runbook.views.progress import progress_line, pull_progress
from runbook.views.requests import request
from runbook.views.speed import speed_bar
from runbook.views.tables import Table, facts, table
from runbook.views.thorough import thorough
from runbook.views.verdicts import checks, verdict
from runbook.views.view import View, log, paragraph, stack

__all__ = [
    "Layer",
    "Layers",
    "Picture",
    "Table",
    "View",
    "answer",
    "bandwidth_curve",
    "changes",
    "checks",
    "comparison",
    "constraints",
    "contexts",
    "estimates",
    "events",
    "explore",
    "facts",
    "log",
    "measurement",
    "memory_bar",
    "memory_over_time",
    "objects",
    "paragraph",
    "placements",
    "plan",
    "progress_line",
    "pull_progress",
    "removals",
    "request",
    "runs",
    "selection",
    "speed_bar",
    "stack",
    "steps",
    "survey",
    "table",
    "thorough",
    "verdict",
]
