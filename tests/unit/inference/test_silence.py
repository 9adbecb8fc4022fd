from __future__ import annotations

from runbook.inference.silence import DERIVED, IN_OPTIONS, OPENAI, THINK, ways_to_silence
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

GOOD = (*words('{"tags":["k8s"]}'), done(prompt_eval_count=300))
THOUGHT = ({"response": "", "thinking": '{"tags":["k8s"]}', "done": False}, done(prompt_eval_count=300))
SHOWN = {"details": {}, "model_info": {}, "template": "{{ .Prompt }}{{ if .Think }}<think>{{ end }}"}


def test_each_way_is_tried_and_the_derived_model_removed(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/create", {"status": "success"})
    stub.on("/api/delete", {})
    stub.on("/v1/chat/completions", {"choices": [{"message": {"content": '{"tags":["a"]}'}}]})
    stub.on("/api/generate", *GOOD)
    stub.then("/api/generate", *GOOD)
    stub.then("/api/generate", *THOUGHT)
    ways = {one.way: (one.works, one.usable) for one in ways_to_silence(ollama, parameters, SHOWN, "a page")}
    assert ways == {
        DERIVED: (True, True),
        OPENAI: (True, True),
        THINK: (True, False),
        IN_OPTIONS: (False, False),
    }
    (created,), (deleted,) = stub.asked("/api/create"), stub.asked("/api/delete")
    assert created["template"] == "{{ .Prompt }}{{ if false }}<think>{{ end }}"
    assert deleted["model"] == created["model"]
    derived, think, options = stub.asked("/api/generate")
    assert derived["model"] == created["model"] and "think" not in derived
    assert think["think"] is False
    assert options["options"]["think"] is False


def test_a_way_that_the_server_refuses_is_one_that_does_not_work(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/create", {"error": "no room"}, status=500)
    stub.on("/v1/chat/completions", {"error": {"message": "unknown field"}}, status=400)
    stub.on("/api/generate", *THOUGHT)
    ways = {one.way: one for one in ways_to_silence(ollama, parameters, SHOWN, "a page")}
    assert not any(one.works for one in ways.values())
    assert "no room" in ways[DERIVED].evidence
    assert ways[OPENAI].evidence.startswith("refused")
    assert stub.asked("/api/delete") == []


def test_a_prompt_that_is_made_in_the_server_cannot_be_derived(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/v1/chat/completions", {"choices": []})
    stub.on("/api/generate", *THOUGHT)
    ways = {one.way: one for one in ways_to_silence(ollama, parameters, {**SHOWN, "renderer": "x"}, "a page")}
    assert (ways[DERIVED].works, ways[DERIVED].usable) == (False, False)
    assert stub.asked("/api/create") == []
