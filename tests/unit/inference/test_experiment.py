from __future__ import annotations

from typing import Any

from runbook.inference import experiment
from runbook.ollama import Ollama
from tests.unit.ollama.stub import Stub, done, words

LOADED = {"name": "m:latest", "size": 400 * 2**20, "context_length": 2048, "expires_at": "2026-11-25T07:04:13Z"}


def lines(decode_s: float) -> tuple[Any, ...]:
    duration = round(decode_s * 1e9)
    return (*words("a"), done(eval_count=33, eval_duration=duration, prompt_eval_count=256, load_duration=0))


def test_the_effect_of_an_option_is_told_against_its_first_value(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", {"done": True})
    for decode_s in (1.0, 2.0):
        for _ in range(5 if decode_s == 1.0 else 30):
            stub.then("/api/generate", *lines(decode_s))
    stub.on("/api/ps", {"models": []})
    found = experiment(ollama, "m", "num_thread", (2, 1), options={"num_ctx": 2048}, repetitions=1)
    assert found.words.startswith("num_thread 1 instead of 2: writing -50%, reading no different within the spread")
    assert {body["options"]["num_thread"] for body in stub.asked("/api/generate") if "options" in body} == {1, 2}


def test_one_value_alone_has_no_effect(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *lines(1.0))
    assert experiment(ollama, "m", "num_ctx", (512,), options={}, repetitions=1).words == (
        "One value alone has no effect."
    )
