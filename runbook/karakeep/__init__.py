"""Karakeep, the consumer: the request it sends, how it reads an answer, how long it waits."""

from runbook.karakeep.judge import judge, judge_failure
from runbook.karakeep.keep_alive import KeepAlive, in_environment, in_request, keep_alive_check
from runbook.karakeep.limits import Limits, limit_checks, safe_job_limit_s
from runbook.karakeep.reading import Reading, read_tags
from runbook.karakeep.request import KEEP_ALIVE, TAGS_SCHEMA, consumer_options, image_request, tagging_request

__all__ = [
    "KEEP_ALIVE",
    "TAGS_SCHEMA",
    "KeepAlive",
    "Limits",
    "Reading",
    "consumer_options",
    "image_request",
    "in_environment",
    "in_request",
    "judge",
    "judge_failure",
    "keep_alive_check",
    "limit_checks",
    "read_tags",
    "safe_job_limit_s",
    "tagging_request",
]
