"""Ways to stop a model from thinking that Karakeep can use.

Karakeep sends nothing about thinking, and the server then turns it on. What helps is a model whose template gives the
server no choice, or the /v1 route with the effort that Karakeep sends there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runbook.karakeep.request import TAGS_SCHEMA
from runbook.parameters import Parameters

# The fields of a template that decide about thinking, and what takes their place: set, off, and no thought said.
_CONSTANTS = (("IsThinkSet", "true"), ("Thinking", '""'), ("ThinkLevel", '""'), ("Think", "false"))
_FIELD = r"(?<![\w\")])\$?[A-Za-z_]?\w*(?:\.\w+)*\.{name}\b"


def thinks(shown: Mapping[str, Any]) -> bool:
    """Whether the server counts a model as one that thinks, by what `/api/show` says of it."""
    return "thinking" in (shown.get("capabilities") or ())


def without_thoughts(shown: Mapping[str, Any]) -> str | None:
    """A template for the same model that never opens a thought.

    Returns:
        The template, in which what the server says about thinking is constant; None where the model's prompt is not
        made by its template but in the server, or where the template does not look at thinking.
    """
    template = str(shown.get("template") or "")
    if shown.get("renderer") or shown.get("parser"):
        return None
    changed = re.sub(r"\{\{.*?\}\}", lambda action: _constant(action[0]), template, flags=re.DOTALL)
    return changed if changed != template else None


def _constant(action: str) -> str:
    for name, value in _CONSTANTS:
        action = re.sub(_FIELD.format(name=name), lambda _, text=value: text, action)  # type: ignore[misc]
    return action


def openai_request(parameters: Parameters, prompt: str) -> dict[str, Any]:
    """The body of `/v1/chat/completions` that Karakeep sends when it is set up for OpenAI, with thinking off."""
    schema = {"type": "json_schema", "json_schema": {"name": "schema", "strict": True, "schema": TAGS_SCHEMA}}
    forms: dict[str, Any] = {"structured": schema, "json": {"type": "json_object"}}
    form = {"response_format": forms[parameters.output_schema]} if parameters.output_schema in forms else {}
    return {
        "model": parameters.text_model,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": parameters.max_output_tokens,
        "reasoning_effort": "none",
        **form,
    }
