"""Rules about time, context, workers and how long a model stays."""

from __future__ import annotations

from collections.abc import Iterator

from runbook import models
from runbook.karakeep.keep_alive import in_request, proposal
from runbook.karakeep.limits import HEADER_LIMIT_S, TRIES
from runbook.karakeep.settings.rule import Found, Rule, Situation, missing
from runbook.karakeep.settings.variables import DEFAULT_CONTEXT, DEFAULT_FETCH_S, DEFAULT_JOB_S, DEFAULT_OUTPUT

JOB, FETCH = "INFERENCE_JOB_TIMEOUT_SEC", "INFERENCE_FETCH_TIMEOUT_SEC"
CONTEXT, OUTPUT = "INFERENCE_CONTEXT_LENGTH", "INFERENCE_MAX_OUTPUT_TOKENS"
WORKERS, KEEP = "INFERENCE_NUM_WORKERS", "OLLAMA_KEEP_ALIVE"
# What the plan sets for a CPU, in seconds, where no target says otherwise.
PLAN_JOB_S, PLAN_FETCH_S = 180.0, 600.0
LARGE_CONTEXT = 8192.0


def _job_limit(situation: Situation) -> Iterator[Found]:
    wanted = situation.parameters.job_timeout_s if situation.parameters else PLAN_JOB_S
    wasted = f"Karakeep gives a bookmark up after %g s, {TRIES} times over: it stays untagged and %g s are wasted"
    remedy = f"Set {JOB}={wanted:g}; `runbook karakeep check` says what this machine needs."
    yield from missing(situation, JOB, "on a CPU " + wasted % (DEFAULT_JOB_S, TRIES * DEFAULT_JOB_S), remedy)
    yield from _too_short(situation, JOB, DEFAULT_JOB_S, wanted, wasted, remedy)


def _too_short(
    situation: Situation, name: str, default: float, wanted: float, words: str, remedy: str
) -> Iterator[Found]:
    setting, seconds = situation.environment.get(name), situation.environment.number(name, default)
    if setting is None or seconds is None or seconds >= wanted:
        return
    yield Found(name, words % (seconds, TRIES * seconds), remedy, None if seconds <= default else "warning", setting)


def _fetch_limit(situation: Situation) -> Iterator[Found]:
    wanted = situation.parameters.fetch_timeout_s if situation.parameters else PLAN_FETCH_S
    job = situation.environment.number(JOB, DEFAULT_JOB_S)
    fetch = situation.environment.number(FETCH, DEFAULT_FETCH_S)
    setting = situation.environment.get(FETCH)
    remedy = f"Set {FETCH}={max(wanted, job or 0):g}."
    yield from missing(situation, FETCH, "one request ends after 300 s, whatever the job's limit says", remedy)
    if setting is None or fetch is None or job is None:
        return
    if fetch < job:
        effect = f"one request ends after {fetch:g} s, before the job's {job:g} s are over"
        yield Found(FETCH, effect, remedy, setting=setting)
    elif fetch > HEADER_LIMIT_S:
        effect = (
            f"helps the answer only: its first byte has to come within {HEADER_LIMIT_S:g} s all the same, which no "
            "setting raises; loading and reading the prompt fall into that time"
        )
        yield Found(FETCH, effect, "Nothing to set; keep the context short enough.", "note", setting)


def _workers(situation: Situation) -> Iterator[Found]:
    setting, count = situation.environment.get(WORKERS), situation.environment.number(WORKERS, 1)
    if setting and count is not None and count > 1:
        effect = (
            f"{count:g} bookmarks are asked for at once and wait for each other on the CPU: each takes longer, and the "
            "job's limit is met sooner"
        )
        yield Found(WORKERS, effect, f"Set {WORKERS}=1, or leave it out.", setting=setting)


def _context(situation: Situation) -> Iterator[Found]:
    setting, tokens = situation.environment.get(CONTEXT), situation.environment.number(CONTEXT, DEFAULT_CONTEXT)
    wanted = situation.parameters.context_length if situation.parameters else None
    if tokens is None:
        return
    if wanted is not None and tokens != wanted:
        stated = "" if setting else " by default"
        effect = (
            f"Karakeep asks with {tokens:,.0f} tokens{stated}, and its value wins: what was sized, warmed up and "
            f"measured for the target's {wanted:,} is loaded again"
        )
        yield Found(CONTEXT, effect, f"Set {CONTEXT}={wanted}, or change `context_length`.", setting=setting)
    elif setting and tokens > LARGE_CONTEXT:
        effect = f"{tokens:,.0f} tokens of cache are allocated at each load, used or not, and long pages take minutes"
        yield Found(CONTEXT, effect, f"Start with {CONTEXT}=2048 and raise it step by step.", setting=setting)


def _beyond_training(situation: Situation) -> Iterator[Found]:
    setting, tokens = situation.environment.get(CONTEXT), situation.environment.number(CONTEXT, DEFAULT_CONTEXT)
    for name in ("INFERENCE_TEXT_MODEL", "INFERENCE_IMAGE_MODEL"):
        value = situation.environment.text(name)
        entry = models.find(value) if value else None
        trained = models.shape_of(entry.header).context_length if entry and entry.stored else 0
        if entry and setting and tokens and trained and tokens > trained:
            effect = (
                f"{entry.name} was trained for {trained:,} tokens, to which the server cuts the context; Karakeep "
                "fills its own figure, and the head of the prompt, the instructions, is lost"
            )
            yield Found(CONTEXT, effect, f"Set {CONTEXT}={trained} or less.", setting=setting)


def _no_room(situation: Situation) -> Iterator[Found]:
    """Karakeep fills the context with the page and keeps nothing free for the answer."""
    context = situation.environment.number(CONTEXT, DEFAULT_CONTEXT)
    output = situation.environment.number(OUTPUT, DEFAULT_OUTPUT)
    if context is None or output is None or output < context:
        return
    setting = situation.environment.get(OUTPUT) or situation.environment.get(CONTEXT)
    effect = (
        f"prompt and answer share {context:,.0f} tokens: a long page fills them, and the answer, which may take "
        f"{output:,.0f}, pushes the instructions out"
    )
    remedy = f"Set {OUTPUT}=256, which is enough for tags; `runbook karakeep check` asks with a nearly full context."
    yield Found(OUTPUT, effect, remedy, setting=setting)


def _keep_alive(situation: Situation) -> Iterator[Found]:
    setting = situation.environment.get(KEEP)
    if setting is None or setting.value is None or not setting.is_filled:
        return
    found = in_request(setting.value.strip())
    if not found.accepted:
        effect = f"Ollama refuses every request ({found.meaning}); the same value is right in Ollama's own environment"
        yield Found(KEEP, effect, f"Set {KEEP}={proposal(setting.value.strip())}.", setting=setting)
    elif found.seconds is None:
        effect = "the model stays in memory for ever, over the server's own setting, and no second one fits beside it"
        yield Found(KEEP, effect, f"Set {KEEP}=5m unless that is meant.", "note", setting)
    elif found.seconds < 60:
        effect = f"the model {found.meaning} after a bookmark: nearly each one pays for loading it"
        yield Found(KEEP, effect, f"Set {KEEP}=5m.", "warning", setting)


RULES = (
    Rule("K14", "error", "the plan; karakeep#224", _job_limit),
    Rule("K15", "warning", "the plan; karakeep#1586, #2994", _fetch_limit),
    Rule("K16", "warning", "the plan", _workers),
    Rule("K17", "warning", "the plan; a request's num_ctx wins", _context),
    Rule("K18", "warning", "read in Ollama 0.15.6", _beyond_training),
    Rule("K19", "note", "Karakeep reserves nothing for the answer", _no_room),
    Rule("K20", "error", "karakeep#2409", _keep_alive),
)
