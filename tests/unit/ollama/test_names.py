from __future__ import annotations

import pytest

from runbook.errors import UsageError
from runbook.ollama import ModelName, mirror_name, same_model


def test_a_bare_name_gets_ollamas_registry_its_library_and_the_latest_tag() -> None:
    assert ModelName.parse("moondream") == ModelName("registry.ollama.ai", "library", "moondream", "latest")


def test_the_port_of_a_registry_is_not_a_tag() -> None:
    name = ModelName.parse("registry.runbook.local:5000/library/gemma3:270m")
    assert (name.host, name.namespace, name.model, name.tag) == (
        "registry.runbook.local:5000",
        "library",
        "gemma3",
        "270m",
    )
    assert ModelName.parse("registry.runbook.local:5000/library/gemma3").tag == "latest"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("moondream", "moondream:latest", True),
        ("Moondream:Latest", "moondream", True),
        ("library/qwen3:1.7b", "registry.ollama.ai/library/qwen3:1.7b", True),
        ("qwen3:1.7b", "qwen3:0.6b", False),
        ("qwen3:1.7b", "mirror.lan:5000/library/qwen3:1.7b", False),
        ("alex/qwen3:1.7b", "qwen3:1.7b", False),
    ],
)
def test_two_texts_are_one_model_when_all_four_parts_agree(one: str, other: str, same: bool) -> None:
    assert same_model(one, other) is same


@pytest.mark.parametrize("text", ["", "qwen3:", ":1.7b", "a//b", "host/a/b/c", "/qwen3"])
def test_a_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a model"):
        ModelName.parse(text)


def test_the_short_form_is_how_the_server_lists_a_model() -> None:
    assert ModelName.parse("registry.ollama.ai/library/moondream").short == "moondream:latest"
    assert ModelName.parse("alex/tagger:v2").short == "alex/tagger:v2"
    assert ModelName.parse("mirror.lan:5000/library/gemma3:270m").short == "mirror.lan:5000/library/gemma3:270m"


def test_a_library_model_lies_in_the_mirrors_folder() -> None:
    assert mirror_name("registry.runbook.local:5000/library", "gemma3:270m") == (
        "registry.runbook.local:5000/library/gemma3:270m"
    )
    assert mirror_name("mirror.lan:5000/models", "moondream") == "mirror.lan:5000/models/moondream:latest"


def test_a_model_of_another_namespace_keeps_it_on_the_mirror() -> None:
    assert mirror_name("mirror.lan:5000/library", "alex/tagger:v2") == "mirror.lan:5000/alex/tagger:v2"


def test_a_model_that_names_its_registry_cannot_come_from_the_mirror() -> None:
    with pytest.raises(UsageError, match=r"names its own registry, hf\.co"):
        mirror_name("mirror.lan:5000/library", "hf.co/alex/tagger:v2")
