"""The ways to stop a model from thinking, tried on the server: those that Karakeep can use, and the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from runbook.checks import Check
from runbook.errors import AnswerFailed, OllamaError
from runbook.inference.contract import attempt
from runbook.karakeep import read_tags, tagging_request
from runbook.karakeep.thinking import openai_request, without_thoughts
from runbook.ollama import Ollama, context_of
from runbook.ollama.stream import StreamFault
from runbook.parameters import Parameters

DERIVED = "a derived model whose template never opens a thought"
OPENAI = "OPENAI_BASE_URL with /v1, OPENAI_API_KEY, and OPENAI_REASONING_EFFORT=none"
THINK = "`think: false` in the request"
IN_OPTIONS = "`think: false` among the options"


@dataclass(frozen=True)
class Way:
    """One way to stop a model from thinking.

    Attributes:
        model: The model.
        way: What is done.
        works: Whether the consumer's request was answered well with it.
        usable: Whether Karakeep can be set up for it.
        evidence: What came back.
    """

    model: str
    way: str
    works: bool
    usable: bool
    evidence: str


def ways_to_silence(ollama: Ollama, parameters: Parameters, shown: Mapping[str, Any], page: str) -> tuple[Way, ...]:
    """Each way, tried once with the consumer's request for a page.

    Raises:
        OllamaUnreachable: The server does not answer.
    """
    request = tagging_request(parameters, page)
    in_options = {**request, "options": {**request["options"], "think": False}}
    return (
        _derived(ollama, parameters, shown, page),
        _openai(ollama, parameters, request["prompt"]),
        _asked(ollama, parameters, shown, {**request, "think": False}, THINK, usable=False),
        _asked(ollama, parameters, shown, in_options, IN_OPTIONS, usable=False),
    )


def _asked(
    ollama: Ollama,
    parameters: Parameters,
    shown: Mapping[str, Any],
    request: Mapping[str, Any],
    way: str,
    *,
    usable: bool,
) -> Way:
    context = context_of(shown, request=parameters.context_length).tokens
    made = attempt(ollama, parameters, request, context_length=context)
    failed: Check | None = next((check for check in made.checks if check.status == "failed"), None)
    text = f"{len(made.answer.text):,} characters of answer" if made.answer else ""
    evidence = f"{failed.name}: {failed.evidence}" if failed else f"{text}, try {made.tries}"
    aside = "" if usable else "; Karakeep does not send it"
    return Way(parameters.text_model, way, made.holds, usable, evidence + aside)


def _derived(ollama: Ollama, parameters: Parameters, shown: Mapping[str, Any], page: str) -> Way:
    """The layers are shared, so the derived model costs a file of a few kB until it is removed."""
    model, template = parameters.text_model, without_thoughts(shown)
    if template is None:
        why = "its prompt is made in the server and not by a template that asks about thinking"
        return Way(model, DERIVED, False, False, why)
    name = f"runbook-no-thoughts-{token_hex(3)}"
    try:
        ollama.create(name, from_=model, template=template)
    except OllamaError as error:
        return Way(model, DERIVED, False, True, f"{error.what} {error.why}".strip())
    try:
        derived = parameters.model_copy(update={"text_model": name})
        found = _asked(ollama, derived, shown, tagging_request(derived, page), DERIVED, usable=True)
        return Way(model, found.way, found.works, found.usable, found.evidence)
    finally:
        ollama.delete(name)


def _openai(ollama: Ollama, parameters: Parameters, prompt: str) -> Way:
    model = parameters.text_model
    try:
        reply = next(ollama.stream("/v1/chat/completions", openai_request(parameters, prompt)), {})
    except (StreamFault, AnswerFailed) as fault:
        return Way(model, OPENAI, False, True, f"refused: {getattr(fault, 'words', fault)}")
    choices = reply.get("choices") or [{}]
    text = str((choices[0].get("message") or {}).get("content") or "")
    read = read_tags(text)
    evidence = f"{len(text):,} characters of answer"
    return Way(model, OPENAI, bool(read.tags), True, evidence if read.tags else f"{evidence}: {read.problem}")
