"""Views: tables, pictures, progress and controls; the only room that knows how something looks."""

from runbook.views.changes import changes, plan, removals
from runbook.views.cluster import survey
from runbook.views.estimates import estimates, selection
from runbook.views.exercises import answer
from runbook.views.explorer import contexts, explore
from runbook.views.history import steps
from runbook.views.measurements import comparison, measurement, runs
from runbook.views.memory import memory_bar
from runbook.views.objects import events, objects
from runbook.views.pictures import Picture
from runbook.views.progress import progress_line, pull_progress
from runbook.views.requests import request
from runbook.views.speed import speed_bar
from runbook.views.tables import Table, facts, table
from runbook.views.verdicts import checks, verdict
from runbook.views.view import View, log, paragraph, stack

__all__ = [
    "Picture",
    "Table",
    "View",
    "answer",
    "changes",
    "checks",
    "comparison",
    "contexts",
    "estimates",
    "events",
    "explore",
    "facts",
    "log",
    "measurement",
    "memory_bar",
    "objects",
    "paragraph",
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
    "verdict",
]
