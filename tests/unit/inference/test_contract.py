from __future__ import annotations

from typing import Any

import pytest

from runbook.checks import Check
from runbook.inference import verify_contract
from runbook.karakeep.judge import HAS_TAGS, IN_RESPONSE, WHOLE
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

GOOD = (*words('{"tags":["k8s","storage"]}'), done())
CUT = (*words('{"tags":["k8s","k8s'), done(done_reason="length"))
EMPTY = (*words('{"tags":[]}'), done())
THOUGHT = ({"response": "", "thinking": '{"tags":["k8s"]}', "done": False}, done())
REPEATED = tuple(words(*["ha"] * 31))
SHOWN = {"details": {}, "model_info": {"general.architecture": "gemma3", "gemma3.context_length": 32_768}}
TALKS, CONTINUES = "{{ range .Messages }}{{ .Role }}: {{ .Content }}{{ end }}", "{{ .Prompt }}"


def verified(
    stub: Stub, ollama: Ollama, parameters: Parameters, *answers: tuple[Any, ...], template: str = TALKS
) -> tuple[Check, ...]:
    stub.on("/api/show", {**SHOWN, "template": template})
    stub.on("/api/generate", *answers[0])
    for lines in answers[1:]:
        stub.then("/api/generate", *lines)
    return verify_contract(ollama, parameters)


def failed(checks: tuple[Check, ...]) -> list[str]:
    return [check.name for check in checks if check.status == "failed"]


def test_a_good_answer_needs_one_try(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    checks = verified(stub, ollama, parameters, GOOD)
    assert failed(checks) == []
    assert checks[0].evidence == "tags after 1 try"


@pytest.mark.parametrize("bad", [CUT, EMPTY, REPEATED])
def test_a_fault_by_chance_is_tried_again_as_the_consumer_does(
    stub: Stub, ollama: Ollama, parameters: Parameters, bad: tuple[Any, ...]
) -> None:
    checks = verified(stub, ollama, parameters, bad, bad, GOOD)
    assert failed(checks) == []
    assert checks[0].evidence.startswith("tags after 3 tries; try 1: ")
    assert len(stub.asked("/api/generate")) == 3


def test_after_four_tries_the_consumer_has_no_tags(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    checks = verified(stub, ollama, parameters, EMPTY)
    assert failed(checks) == ["The consumer gets its tags within 4 tries", HAS_TAGS]
    assert checks[0].evidence.startswith("none after 4 tries; try 1: Answer has tags")
    assert len(stub.asked("/api/generate")) == 4


def test_a_base_model_has_more_tries_and_is_called_one(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    checks = verified(stub, ollama, parameters, *[CUT] * 5, GOOD, template=CONTINUES)
    assert failed(checks) == []
    assert checks[0].name == "The server keeps the form that the consumer asks for"
    assert checks[0].evidence.startswith("tags after 6 tries of a base model, whose tags mean nothing; try 1: ")


def test_a_base_models_tries_are_bounded(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    assert failed(verified(stub, ollama, parameters, CUT, template=CONTINUES)) != []
    assert len(stub.asked("/api/generate")) == 12


def test_a_model_that_thinks_into_the_wrong_field_is_tried_once(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    checks = verified(stub, ollama, parameters, THOUGHT)
    assert IN_RESPONSE in failed(checks)
    assert "thinking field" in checks[0].evidence
    assert "template never opens a thought" in checks[0].hint
    assert len(stub.asked("/api/generate")) == 1


def test_a_server_that_fails_every_time_is_named_as_that(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    crash = ({"response": '{"tags":["a', "done": False}, {"error": "POST predict: EOF"})
    checks = verified(stub, ollama, parameters, crash)
    assert failed(checks) == ["The consumer gets its tags within 4 tries", WHOLE]
    assert "POST predict: EOF" in checks[1].evidence


def test_the_context_that_the_model_allows_decides_about_the_prompt(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    full = (*words('{"tags":["k8s"]}'), done(prompt_eval_count=32_768))
    checks = verified(stub, ollama, parameters.model_copy(update={"context_length": 131_072}), full)
    assert "Prompt was not truncated" in failed(checks)
