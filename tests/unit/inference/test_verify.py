from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook.inference import sunny_field, verify_loaded, verify_text, verify_unloaded, verify_vision
from runbook.inference.verify import CONTEXT_AS_ASKED, IS_LOADED, STAYS
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

SHOWN = {
    "details": {},
    "capabilities": ["completion"],
    "model_info": {"general.architecture": "gemma3", "gemma3.context_length": 4096},
}


def loaded(context_length: int = 2048, minutes: float = 5) -> dict[str, Any]:
    expires_at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    return {"name": "gemma3:270m", "size": 456_991_232, "context_length": context_length, "expires_at": expires_at}


def test_the_plans_question_and_the_consumers_are_both_asked(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/show", SHOWN)
    stub.on("/api/generate", *words("containers, clusters, platforms"), done())
    stub.then("/api/generate", *words('{"tags":["k8s"]}'), done())
    checks = verify_text(ollama, parameters)
    assert {check.status for check in checks} == {"passed"}
    plan, consumer = stub.asked("/api/generate")
    assert plan["prompt"].startswith("Classify this text into 3 tags: Kubernetes")
    assert "format" not in plan and consumer["format"]["required"] == ["tags"]
    assert plan["options"]["num_ctx"] == consumer["options"]["num_ctx"]


def test_without_a_vision_model_the_image_is_skipped_with_the_reason(ollama: Ollama, parameters: Parameters) -> None:
    (check,) = verify_vision(ollama, parameters.model_copy(update={"vision_model": None}))
    assert (check.status, check.evidence) == ("skipped", "the target shelf names no vision model")


def test_the_vision_model_is_shown_the_picture(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/show", {"details": {}, "capabilities": ["completion", "vision"]})
    stub.on("/api/generate", *words("A sun over a field."), done())
    (check,) = verify_vision(ollama, parameters)
    assert check.status == "passed"
    (asked,) = stub.asked("/api/generate")
    assert asked["model"] == "moondream"
    assert base64.b64decode(asked["images"][0]) == sunny_field()


def settled(stub: Stub, ollama: Ollama, parameters: Parameters, *listed: dict[str, Any]) -> dict[str, str]:
    stub.on("/api/show", SHOWN)
    stub.on("/api/generate", {"done": True, "done_reason": "load"})
    stub.on("/api/ps", {"models": list(listed)})
    return {check.name: check.status for check in verify_loaded(ollama, parameters)}


def test_a_model_that_stays_with_the_consumers_context_passes(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    assert settled(stub, ollama, parameters, loaded()) == {
        IS_LOADED: "passed",
        CONTEXT_AS_ASKED: "passed",
        STAYS: "passed",
    }
    (asked,) = stub.asked("/api/generate")
    assert (asked["options"]["num_ctx"], asked["keep_alive"]) == (2048, "5m")


def test_another_context_than_the_consumers_is_a_failure(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    assert settled(stub, ollama, parameters, loaded(context_length=4096))[CONTEXT_AS_ASKED] == "failed"


def test_a_context_clamped_to_the_trained_length_is_expected(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    wide = parameters.model_copy(update={"context_length": 131_072})
    assert settled(stub, ollama, wide, loaded(context_length=4096))[CONTEXT_AS_ASKED] == "passed"


def test_a_model_that_leaves_too_soon_is_a_failure(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    assert settled(stub, ollama, parameters, loaded(minutes=1))[STAYS] == "failed"


def test_a_model_that_is_not_listed_is_a_failure(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    assert settled(stub, ollama, parameters) == {IS_LOADED: "failed"}


def test_a_model_that_does_not_load_is_a_failure_with_the_servers_words(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/generate", {"error": "llama runner process has terminated: signal: killed"}, status=500)
    (check,) = verify_loaded(ollama, parameters)
    assert check.status == "failed"
    assert "signal: killed" in check.evidence


def test_a_model_that_takes_no_images_fails_the_image(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/show", SHOWN)
    (check,) = verify_vision(ollama, parameters)
    assert (check.status, check.evidence) == ("failed", "moondream takes no images: completion")


def test_a_model_with_a_short_keep_alive_is_asked_for_and_seen_to_go(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/generate", {"done": True, "done_reason": "load"})
    stub.on("/api/ps", {"models": [loaded()]})
    stub.then("/api/ps", {"models": []})
    (check,) = verify_unloaded(ollama, parameters)
    assert check.status == "passed"
    assert stub.asked("/api/generate")[0]["keep_alive"] == "2s"


def test_a_model_that_does_not_go_is_a_failure(
    stub: Stub, ollama: Ollama, parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbook.inference.verify.SHORT_STAY_S", 0)
    monkeypatch.setattr("runbook.inference.verify.GOES_WITHIN_S", 0.3)
    stub.on("/api/generate", {"done": True, "done_reason": "load"})
    stub.on("/api/ps", {"models": [loaded()]})
    (check,) = verify_unloaded(ollama, parameters)
    assert check.status == "failed"
    assert check.evidence.startswith("still listed")
