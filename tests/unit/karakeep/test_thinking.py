from __future__ import annotations

import pytest

from runbook.karakeep.thinking import openai_request, thinks, without_thoughts
from runbook.parameters import Parameters


@pytest.mark.parametrize(
    ("template", "constant"),
    [
        ("{{ if .Think }}<think>{{ end }}", "{{ if false }}<think>{{ end }}"),
        ("{{- if and $.IsThinkSet (not $.Think) -}}x{{ end }}", "{{- if and true (not false) -}}x{{ end }}"),
        ("{{ if .Message.Thinking }}{{ $last.Thinking }}{{ end }}", '{{ if "" }}{{ "" }}{{ end }}'),
        ('{{ if eq .ThinkLevel "high" }}x{{ end }}', '{{ if eq "" "high" }}x{{ end }}'),
    ],
)
def test_what_decides_about_thinking_becomes_constant(template: str, constant: str) -> None:
    assert without_thoughts({"template": template}) == constant


def test_only_actions_of_the_template_are_changed() -> None:
    template = "Say .Think to think. {{ .Prompt }}{{ .Thinker }}{{ if .Think }}{{ end }}"
    assert without_thoughts({"template": template}) == template.replace("if .Think", "if false")


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"template": "{{ .Prompt }}"},
        {"template": "{{ if .Think }}x{{ end }}", "renderer": "qwen3-vl"},
        {"template": "{{ if .Think }}x{{ end }}", "parser": "harmony"},
    ],
)
def test_where_a_template_does_not_decide_there_is_none(shown: dict[str, str]) -> None:
    assert without_thoughts(shown) is None


def test_the_capability_says_whether_it_thinks() -> None:
    assert thinks({"capabilities": ["completion", "thinking"]})
    assert not thinks({"capabilities": None})


@pytest.mark.parametrize(("form", "kind"), [("structured", "json_schema"), ("json", "json_object"), ("plain", None)])
def test_the_openai_route_is_asked_in_the_form_of_the_target(form: str, kind: str | None) -> None:
    parameters = Parameters.model_validate({"target": "shelf", "context": "shelf", "output_schema": form})
    request = openai_request(parameters, "a prompt")
    assert request["reasoning_effort"] == "none"
    assert request.get("response_format", {}).get("type") == kind
