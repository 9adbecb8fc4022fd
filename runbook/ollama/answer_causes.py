"""Known causes of an answer that did not come, in the words of Ollama 0.15.6.

The first row that matches wins, so the more exact one stands first. Whatever is not known is a failure of the server
or its runner, never an answer.
"""

from __future__ import annotations

from runbook.errors import AnswerFailed
from runbook.ollama.causes import Cause, recognise
from runbook.ollama.stream import StreamFault

INFERENCE = "See 91_troubleshoot, section Inference."

ANSWER_CAUSES = (
    Cause(
        "not pulled",
        r"model '?\"?[^'\"]+'?\"? not found|try pulling it first",
        "the server does not have this model",
        "Run 04_pull.",
    ),
    Cause(
        "not enough memory",
        r"requires more system memory|cannot allocate memory|insufficient memory|memory layout cannot be allocated",
        "the model does not fit into the memory that the server counts as free; it counts page cache as used",
        "Restart the pod, which frees the page cache, before raising `memory_limit`. See 91_troubleshoot, section "
        "Memory.",
    ),
    Cause(
        "killed",
        r"signal: killed",
        "the model's runner was killed, most likely for memory",
        "Look for OOMKilled in `kubectl describe pod`. See 91_troubleshoot, section Memory.",
    ),
    Cause(
        "load too slow",
        r"timed out waiting for .*runner|context canceled while loading",
        "the model did not load in time",
        "Look at the disk and the CPU limit; OLLAMA_LOAD_TIMEOUT in `environment` gives it longer.",
    ),
    Cause(
        "busy",
        r"server busy|maximum pending requests",
        "the server has more requests waiting than it accepts",
        "Ask again later, or lower the consumer's number of workers.",
        retry=True,
    ),
    Cause(
        "keep_alive",
        r"missing unit in duration|invalid duration|unknown unit",
        "the server does not understand keep_alive",
        "Write it with a unit, such as 5m or -1m.",
    ),
    Cause(
        "not for this",
        r"does not support (generate|thinking|completion)|is not supported for this model|does not support.*image",
        "the model cannot do what it was asked",
        "Choose a model with that capability: `ollama show {model}` lists them.",
    ),
    Cause(
        "format refused",
        r"invalid format|invalid JSON schema|vocabulary required for format",
        "the server does not take the form that was asked for",
        "Check the schema in `format`.",
    ),
    Cause(
        "prompt too long",
        r"input length exceeds|exceeds maximum context|entire prompt removed",
        "the prompt is longer than the context",
        "Raise `context_length`, or shorten the prompt.",
    ),
    Cause(
        "repeated itself",
        r"^repeated$",
        "the model repeated one token until the server stopped it, which sends no end of the answer",
        "A weak model does that now and then, and the consumer takes it for bad JSON. Choose a stronger model if it "
        "happens often.",
        retry=True,
    ),
    Cause(
        "too late",
        r"^late$",
        "the answer did not end in time",
        "Give it longer, shorten the prompt, or choose a faster model.",
    ),
    Cause(
        "server or runner failure",
        r"runner|EOF|POST predict|error was encountered while running the model|^(closed|silent|unfinished)$",
        "the server or its model runner failed in the middle of it",
        "Look at the server's log and its memory: `kubectl logs` and restarts of the pod. " + INFERENCE,
    ),
)
UNKNOWN_ANSWER = Cause(
    "server or runner failure", "", "the server reports a fault that is not in our table", "Read the server's log."
)


def answer_cause(fault: StreamFault) -> Cause:
    """Why an answer did not come."""
    return recognise(ANSWER_CAUSES, fault, UNKNOWN_ANSWER)


def answer_failed(model: str, fault: StreamFault, received_characters: int = 0) -> AnswerFailed:
    """The error of an answer: the cause, the server's words, and what to do; nothing of a half answer is kept."""
    cause = answer_cause(fault)
    half = f"; the {received_characters:,} characters received until then do not count" if received_characters else ""
    return AnswerFailed(
        f"{model} gave no whole answer: {cause.meaning}.",
        why=f"{cause.name}: {fault.words}{half}",
        next=cause.remedy.format(model=model),
    )
