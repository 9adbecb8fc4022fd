"""A page that fills the context nearly, as a long bookmark does.

Karakeep cuts a page to what the context holds and keeps nothing free for the answer. Here the answer has just enough
room, so that what fails is the server or the model. How many tokens a word takes is asked of the server.
"""

from __future__ import annotations

from typing import Any

from runbook.inference.asking import patience_s
from runbook.inference.prompts import WORDS
from runbook.karakeep import tagging_request
from runbook.karakeep.judge import ROOM_FOR_ANSWER_TOKENS
from runbook.ollama import Ollama
from runbook.parameters import Parameters

PROBES_WORDS = (20, 120)
# Words differ in their tokens, and the sample is small.
MARGIN_TOKENS = 24
# What tags need; a target may allow more.
ANSWER_TOKENS = 128


def page_that_fills(ollama: Ollama, parameters: Parameters, context_tokens: int) -> str | None:
    """A page with which the prompt and an answer just fit the context; None where not even the instructions do.

    Raises:
        AnswerFailed: The server did not answer.
    """
    counts = [_prompt_tokens(ollama, parameters, words) for words in PROBES_WORDS]
    if None in counts:
        return None
    few, many = (count or 0 for count in counts)
    per_word = max(0.5, (many - few) / (PROBES_WORDS[1] - PROBES_WORDS[0]))
    answer = max(ROOM_FOR_ANSWER_TOKENS, min(parameters.max_output_tokens, ANSWER_TOKENS))
    room = context_tokens - answer - MARGIN_TOKENS - few
    return _page(PROBES_WORDS[0] + int(room / per_word)) if room > 0 else None


def _page(words: int) -> str:
    return " ".join((WORDS * (1 + words // len(WORDS)))[:words])


def _prompt_tokens(ollama: Ollama, parameters: Parameters, words: int) -> int | None:
    request: dict[str, Any] = tagging_request(parameters, _page(words))
    one_token = {**request, "options": {**request["options"], "num_predict": 1}}
    one_token.pop("format", None)
    return ollama.generate(one_token, deadline_s=patience_s(parameters)).prompt_tokens
