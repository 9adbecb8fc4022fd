from __future__ import annotations

from runbook.inference.asking import FREE_ANSWER_TOKENS, answer_check, patience_s, question
from runbook.ollama import Ollama
from runbook.ollama.answers import REPEATS_UNTIL_STOPPED
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

REQUEST = {"model": "m", "prompt": "Why?"}


def test_a_free_answer_is_too_short_for_the_server_to_stop_it() -> None:
    assert FREE_ANSWER_TOKENS <= REPEATS_UNTIL_STOPPED


def test_a_thinking_model_is_asked_not_to_think(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/show", {"details": {}, "capabilities": ["completion", "thinking"]})
    assert question(ollama, parameters, "m", "Why?")["think"] is False
    stub.on("/api/show", {"details": {}, "capabilities": ["completion"]})
    assert "think" not in question(ollama, parameters, "m", "Why?")


def test_an_answer_is_quoted_with_its_end(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words("one, ", "two,\nthree"), done(done_reason="length"))
    check = answer_check("Model answers", ollama, REQUEST, within_s=5)
    assert check.status == "passed"
    assert check.evidence.startswith("'one, two, three', 12 tokens, length")


def test_an_empty_answer_is_asked_for_again(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words("\n"), done())
    stub.then("/api/generate", *words("tags"), done())
    check = answer_check("Model answers", ollama, REQUEST, within_s=5)
    assert check.status == "passed"
    assert check.evidence.endswith("1 empty before it")


def test_a_model_that_stays_silent_fails(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", done())
    check = answer_check("Model answers", ollama, REQUEST, within_s=5)
    assert check.status == "failed"
    assert check.evidence.startswith("empty, 3 times")


def test_a_failure_of_the_server_is_a_failed_check_with_its_words(stub: Stub, ollama: Ollama) -> None:
    words_ = "model requires more system memory (10.2 GiB) than is available (7.1 GiB)"
    stub.on("/api/generate", {"error": words_}, status=500)
    check = answer_check("Model answers", ollama, REQUEST, within_s=5)
    assert check.status == "failed"
    assert words_ in check.evidence
    assert "Restart the pod" in check.hint


def test_we_wait_past_the_consumers_own_limits(parameters: Parameters) -> None:
    assert patience_s(parameters) == 600
