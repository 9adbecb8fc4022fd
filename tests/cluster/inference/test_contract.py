from __future__ import annotations

from collections.abc import Iterator

import pytest

from runbook.inference import verify_contract
from runbook.inference.asking import FREE_ANSWER_TOKENS
from runbook.karakeep import judge, tagging_request
from runbook.karakeep.judge import IN_RESPONSE
from runbook.ollama import Ollama
from runbook.parameters import Parameters

PAGE = "Kubernetes is a container orchestration platform"

# A template that opens a thought when thinking is set, as those of thinking models do.
OPENS_A_THOUGHT = (
    "{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}{{ end }}"
    "{{ if .Think }}<think>{{ end }}"
)
NEVER_OPENS_ONE = "{{ range .Messages }}{{ .Content }}{{ end }}"
NAME = "thinker-by-tests"


@pytest.fixture
def thinker(ollama: Ollama, local: Parameters) -> Iterator[Parameters]:
    """The target with a model that thinks unless it is told not to, which the consumer does not do."""
    ollama.create(NAME, from_=local.text_model, template=OPENS_A_THOUGHT)
    yield local.model_copy(update={"text_model": NAME, "max_output_tokens": FREE_ANSWER_TOKENS})
    ollama.delete(NAME)


def test_the_derived_model_counts_as_thinking(ollama: Ollama, thinker: Parameters) -> None:
    assert "thinking" in ollama.show(thinker.text_model)["capabilities"]


def test_a_thinking_model_leaves_the_consumer_without_an_answer_and_the_cause_is_named(
    ollama: Ollama, thinker: Parameters
) -> None:
    checks = {check.name: check for check in verify_contract(ollama, thinker)}
    assert checks[IN_RESPONSE].status == "failed"
    assert "answer went to the thinking field" in checks[IN_RESPONSE].evidence
    assert "template never opens a thought" in checks[IN_RESPONSE].hint


def test_thinking_switched_off_brings_the_answer_back(ollama: Ollama, thinker: Parameters) -> None:
    answer = ollama.generate({**tagging_request(thinker, PAGE), "think": False})
    assert answer.thinking == ""
    assert answer.text.strip()


def test_thinking_among_the_options_changes_nothing(ollama: Ollama, thinker: Parameters) -> None:
    request = tagging_request(thinker, PAGE)
    answer = ollama.generate({**request, "options": {**request["options"], "think": False}})
    assert answer.text == ""
    assert answer.thinking


def test_a_template_that_never_opens_a_thought_mends_it(ollama: Ollama, thinker: Parameters) -> None:
    ollama.create(NAME, from_=thinker.text_model, template=NEVER_OPENS_ONE)
    answer = ollama.generate(tagging_request(thinker, PAGE))
    status = {check.name: check.status for check in judge(answer, thinker)}
    assert status[IN_RESPONSE] == "passed"


def test_a_prompt_that_fills_the_context_is_noticed(ollama: Ollama, local: Parameters) -> None:
    narrow = local.model_copy(update={"context_length": 512, "max_output_tokens": 16})
    answer = ollama.generate(tagging_request(narrow, "The cluster keeps a volume. " * 200))
    status = {check.name: check.status for check in judge(answer, narrow)}
    assert status["Prompt was not truncated"] == "failed"
    assert answer.prompt_tokens == 512
