"""Karakeep, the consumer: the request it sends, how it reads an answer, how long it waits, how it is set up."""

from runbook.karakeep.judge import judge, judge_failure
from runbook.karakeep.keep_alive import KeepAlive, in_environment, in_request, keep_alive_check
from runbook.karakeep.limits import Limits, limit_checks, safe_job_limit_s
from runbook.karakeep.reading import Reading, read_tags
from runbook.karakeep.request import KEEP_ALIVE, TAGS_SCHEMA, consumer_options, image_request, tagging_request
from runbook.karakeep.settings import Environment, Finding, Lint, Release, lint, read_environment, read_object
from runbook.karakeep.thinking import without_thoughts

__all__ = [
    "KEEP_ALIVE",
    "TAGS_SCHEMA",
    "Environment",
    "Finding",
    "KeepAlive",
    "Limits",
    "Lint",
    "Reading",
    "Release",
    "consumer_options",
    "image_request",
    "in_environment",
    "in_request",
    "judge",
    "judge_failure",
    "keep_alive_check",
    "limit_checks",
    "lint",
    "read_environment",
    "read_object",
    "read_tags",
    "safe_job_limit_s",
    "tagging_request",
    "without_thoughts",
]
