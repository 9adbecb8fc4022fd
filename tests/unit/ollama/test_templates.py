from __future__ import annotations

import pytest

from runbook.ollama import is_base_model


@pytest.mark.parametrize(
    ("shown", "base"),
    [
        ({"template": "{{ .Prompt }}"}, True),
        ({"template": "{{.Prompt}}\n"}, True),
        ({}, True),
        ({"template": "{{ range .Messages }}<|im_start|>{{ .Role }}{{ end }}"}, False),
        ({"template": "{{ .Prompt }}", "renderer": "qwen3-coder"}, False),
    ],
)
def test_a_model_without_a_template_for_a_conversation_is_a_base_model(shown: dict[str, str], base: bool) -> None:
    assert is_base_model(shown) is base
