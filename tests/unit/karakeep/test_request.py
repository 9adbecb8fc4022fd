from __future__ import annotations

import base64

import pytest

from runbook.karakeep import TAGS_SCHEMA, consumer_options, image_request, tagging_request
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done

KEYS = {"model", "prompt", "format", "stream", "keep_alive", "options"}
PAGE = "Kubernetes is a container orchestration platform"


def test_the_server_gets_exactly_the_keys_that_karakeep_sends(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/generate", done())
    ollama.generate(tagging_request(parameters, PAGE))
    (asked,) = stub.asked("/api/generate")
    assert set(asked) == KEYS
    assert asked["options"] == {"num_ctx": 2048, "num_predict": 256} == consumer_options(parameters)
    assert (asked["model"], asked["stream"], asked["keep_alive"]) == ("gemma3:270m", True, "5m")


def test_the_prompt_has_a_role_rules_the_content_and_the_instruction_about_json_last(parameters: Parameters) -> None:
    prompt = tagging_request(parameters, PAGE)["prompt"]
    role, rules, content, instruction = (
        prompt.index(part) for part in ("You choose", "Choose 3 to 5 tags", f"<TEXT_CONTENT>\n{PAGE}", "Answer in JSON")
    )
    assert role < rules < content < instruction
    assert prompt.endswith("array of strings.")


def test_the_prompt_without_content_is_as_long_as_karakeeps(parameters: Parameters) -> None:
    assert 900 <= len(tagging_request(parameters, "")["prompt"]) <= 1800
    assert 900 <= len(image_request(parameters, b"")["prompt"]) <= 1800


@pytest.mark.parametrize(("schema", "form"), [("structured", TAGS_SCHEMA), ("json", "json")])
def test_the_form_follows_the_output_schema(parameters: Parameters, schema: str, form: object) -> None:
    asked = tagging_request(parameters.model_copy(update={"output_schema": schema}), PAGE)
    assert asked["format"] == form


def test_a_plain_answer_is_asked_for_without_a_form(parameters: Parameters) -> None:
    asked = tagging_request(parameters.model_copy(update={"output_schema": "plain"}), PAGE)
    assert set(asked) == KEYS - {"format"}


def test_long_runs_of_blanks_in_a_page_become_one(parameters: Parameters) -> None:
    assert "a\nb" in tagging_request(parameters, "a" + " " * 40 + "\nb")["prompt"]
    assert "a   b" in tagging_request(parameters, "a   b")["prompt"]


def test_an_image_goes_to_the_vision_model_with_more_tags(parameters: Parameters) -> None:
    asked = image_request(parameters, b"\x89PNG")
    assert set(asked) == KEYS | {"images"}
    assert asked["model"] == "moondream"
    assert base64.b64decode(asked["images"][0]) == b"\x89PNG"
    assert "Choose 10 to 15 tags" in asked["prompt"]


def test_without_a_vision_model_there_is_no_image_request(parameters: Parameters) -> None:
    with pytest.raises(ValueError, match="no vision model"):
        image_request(parameters.model_copy(update={"vision_model": None}), b"")
