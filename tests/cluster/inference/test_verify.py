from __future__ import annotations

from runbook.checks import Check
from runbook.inference import verify_loaded, verify_text, verify_vision
from runbook.ollama import Ollama
from runbook.parameters import Parameters


def failed(checks: tuple[Check, ...]) -> list[str]:
    return [f"{check.name}: {check.evidence}" for check in checks if check.status == "failed"]


def test_the_small_model_answers_the_plans_question_and_gives_the_consumer_tags(
    ollama: Ollama, local: Parameters
) -> None:
    assert failed(verify_text(ollama, local)) == []


def test_the_model_stays_loaded_with_the_consumers_context(ollama: Ollama, local: Parameters) -> None:
    checks = verify_loaded(ollama, local)
    assert [check.status for check in checks] == ["passed", "passed", "passed"]


def test_without_a_vision_model_the_image_is_skipped(ollama: Ollama, local: Parameters) -> None:
    assert [check.status for check in verify_vision(ollama, local)] == ["skipped"]
