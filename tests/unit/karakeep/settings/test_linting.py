from __future__ import annotations

import pytest

from runbook.karakeep import lint, read_environment
from runbook.karakeep.settings import RULES
from runbook.parameters import Parameters
from tests.unit.karakeep.settings.environments import found


@pytest.fixture
def shelf() -> Parameters:
    return Parameters(
        target="shelf", context="shelf", text_model="qwen2.5:3b", vision_model="moondream", fetch_timeout_s=300
    )


# Rule, what is changed in the good environment, severity, and words of the effect.
FAULTS = [
    ("K01", {"OPENAI_API_KEY": "x"}, "error", "Ollama is never asked"),
    ("K01", {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": "http://ollama.ai:11434/v1"}, "note", "/v1"),
    ("K02", {"OLLAMA_BASE_URL": None}, "error", "no provider"),
    ("K02", {"OLLAMA_BASE_URL": ""}, "error", "no provider"),
    ("K03", {"OLLAMA_BASE_URL": "http://localhost:11434"}, "error", "own container"),
    ("K03", {"OLLAMA_BASE_URL": "http://127.0.0.2:11434"}, "error", "own container"),
    ("K03", {"OLLAMA_BASE_URL": "http://[::1]:11434"}, "error", "own container"),
    ("K03", {"OLLAMA_BASE_URL": "http://0.0.0.0:11434"}, "error", "own container"),
    ("K04", {"OLLAMA_BASE_URL": "ollama.ai:11434"}, "error", "no address"),
    ("K04", {"OLLAMA_BASE_URL": "http://[::1"}, "error", "no address"),
    ("K04", {"OLLAMA_BASE_URL": "http://ollama.ai:11434/v1"}, "error", "404"),
    ("K04", {"OLLAMA_BASE_URL": "http://ollama.ai"}, "warning", "80 is asked"),
    ("K06", {"INFERENCE_TEXT_MODEL": None}, "error", "gpt-4.1-mini"),
    ("K07", {"INFERENCE_IMAGE_MODEL": None}, "warning", "images"),
    ("K08", {"INFERENCE_TEXT_MODEL": "gpt-4o"}, "error", "404"),
    ("K08", {"INFERENCE_IMAGE_MODEL": "gpt-4o-mini"}, "error", "404"),
    ("K10", {"INFERENCE_IMAGE_MODEL": "gemma3:1b"}, "error", "takes no images"),
    ("K11", {"INFERENCE_TEXT_MODEL": "qwen3:1.7b"}, "error", "stay without tags"),
    ("K11", {"INFERENCE_TEXT_MODEL": "qwen3:0.6b", "INFERENCE_OUTPUT_SCHEMA": "json"}, "error", "`json`"),
    ("K12", {"INFERENCE_TEXT_MODEL": "gemma3:1b", "INFERENCE_OUTPUT_SCHEMA": "plain"}, "warning", "mended"),
    ("K14", {"INFERENCE_JOB_TIMEOUT_SEC": None}, "error", "120 s are wasted"),
    ("K14", {"INFERENCE_JOB_TIMEOUT_SEC": "30"}, "error", "120 s are wasted"),
    ("K14", {"INFERENCE_JOB_TIMEOUT_SEC": "90"}, "warning", "360 s are wasted"),
    ("K15", {"INFERENCE_FETCH_TIMEOUT_SEC": None}, "warning", "300 s"),
    ("K15", {"INFERENCE_FETCH_TIMEOUT_SEC": "100"}, "warning", "before the job's 180 s"),
    ("K15", {"INFERENCE_FETCH_TIMEOUT_SEC": "600"}, "note", "no setting raises"),
    ("K16", {"INFERENCE_NUM_WORKERS": "4"}, "warning", "4 bookmarks"),
    ("K17", {"INFERENCE_CONTEXT_LENGTH": "16384"}, "warning", "take minutes"),
    ("K18", {"INFERENCE_CONTEXT_LENGTH": "4096"}, "warning", "trained for 2,048"),
    ("K19", {"INFERENCE_MAX_OUTPUT_TOKENS": None}, "note", "share 2,048 tokens"),
    ("K20", {"OLLAMA_KEEP_ALIVE": "-1"}, "error", "missing unit"),
    ("K20", {"OLLAMA_KEEP_ALIVE": "-1m"}, "note", "for ever"),
    ("K20", {"OLLAMA_KEEP_ALIVE": "0"}, "warning", "pays for loading"),
    ("K21", {"INFERENCE_JOB_TIMEOUT_SEC": "180s"}, "error", "does not come up"),
    ("K21", {"INFERENCE_CONTEXT_LENGTH": "0"}, "error", "above 0"),
    ("K21", {"INFERENCE_ENABLE_AUTO_TAGGING": "True"}, "error", "small letters"),
    ("K21", {"INFERENCE_OUTPUT_SCHEMA": "schema"}, "error", "structured, json, plain"),
    ("K21", {"OPENAI_REASONING_EFFORT": "off"}, "error", "none, minimal"),
    ("K22", {"INFERENCE_TEXT_MODLE": "gemma3:1b"}, "warning", "ignores it"),
    ("K22", {"inference_text_model": "gemma3:1b"}, "warning", "ignores it"),
    ("K22", {"INFERENCE_SUPPORTS_STRUCTURED_OUTPUT": "true"}, "warning", "ignores it"),
    ("K22", {"INFERENCE_TEMPERATURE": "0"}, "note", "most likely ignored"),
    ("K23", {"OLLAMA_HOST": "http://ollama.ai:11434"}, "warning", "Karakeep ignores it"),
    ("K25", {"INFERENCE_TEXT_MODEL": '"qwen2.5:3b"'}, "warning", "quotation marks"),
    ("K25", {"INFERENCE_TEXT_MODEL": "qwen2.5:3b "}, "warning", "blanks"),
    ("K26", {"INFERENCE_ENABLE_AUTO_TAGGING": None}, "note", "bulk import"),
    ("K26", {"INFERENCE_ENABLE_AUTO_TAGGING": "false"}, "note", "no new bookmark"),
    ("K26", {"INFERENCE_ENABLE_AUTO_SUMMARIZATION": "true"}, "warning", "twice"),
]

AGAINST_THE_TARGET = [
    ("K05", {"OLLAMA_BASE_URL": "http://ollama:11434"}, "error", "no such host"),
    ("K05", {"OLLAMA_BASE_URL": "http://ollama.llm.svc:11434"}, "warning", "ollama in llm"),
    ("K05", {"OLLAMA_BASE_URL": "http://ollama.ai.svc.cluster.local:8080"}, "warning", "refused"),
    ("K09", {"INFERENCE_TEXT_MODEL": "gemma3:1b"}, "error", "qwen2.5:3b, moondream"),
    ("K17", {"INFERENCE_CONTEXT_LENGTH": "4096"}, "warning", "loaded again"),
]


def test_a_good_environment_has_no_finding(shelf: Parameters) -> None:
    assert found({}) == []
    assert found({}, shelf) == []


@pytest.mark.parametrize(("rule", "changes", "severity", "words"), FAULTS)
def test_each_fault_is_recognised(rule: str, changes: dict[str, str | None], severity: str, words: str) -> None:
    (one,) = [each for each in found(changes) if each.rule == rule]
    assert one.severity == severity
    assert words in one.effect
    assert one.remedy


@pytest.mark.parametrize(("rule", "changes", "severity", "words"), AGAINST_THE_TARGET)
def test_what_does_not_agree_with_the_target_is_recognised(
    shelf: Parameters, rule: str, changes: dict[str, str | None], severity: str, words: str
) -> None:
    (one,) = [each for each in found(changes, shelf) if each.rule == rule]
    assert (one.severity, words in one.effect) == (severity, True)
    assert rule not in [each.rule for each in found(changes)]


def test_every_rule_has_an_environment_that_breaks_it() -> None:
    tried = {rule for rule, *_ in (*FAULTS, *AGAINST_THE_TARGET)} | {"K13", "K24"}
    assert tried == {rule.id for rule in RULES}


def test_a_variable_that_is_set_twice_counts_once(shelf: Parameters) -> None:
    text = "INFERENCE_NUM_WORKERS=1\nINFERENCE_NUM_WORKERS=3\n"
    findings = {one.rule: one for one in lint(read_environment(text, ".env"), shelf).findings}
    assert findings["K24"].place == findings["K16"].place == ".env:2"


def test_the_nearest_right_name_is_proposed() -> None:
    (one,) = [each for each in found({"INFERENCE_TEXT_MODLE": "x"}) if each.rule == "K22"]
    assert one.remedy == "Write INFERENCE_TEXT_MODEL."


def test_variables_of_other_programs_are_nobodys_business() -> None:
    assert found({"HTTP_PROXY": "http://proxy:3128", "TZ": "Europe/Berlin", "PUID": "1000"}) == []


def test_the_worst_comes_first() -> None:
    severities = [one.severity for one in found({"OLLAMA_KEEP_ALIVE": "-1", "INFERENCE_NUM_WORKERS": "2", "TZ": "x"})]
    assert severities == ["error", "warning"]


def test_the_default_model_depends_on_the_version() -> None:
    (old,) = [one for one in found({"INFERENCE_TEXT_MODEL": None}, version="0.32.0") if one.rule == "K06"]
    (new,) = [one for one in found({"INFERENCE_TEXT_MODEL": None}, version="v0.33.1") if one.rule == "K06"]
    assert "gpt-4.1-mini" in old.effect
    assert "gpt-4.1-mini" not in new.effect


def test_before_the_generate_route_a_thinking_model_is_not_refused() -> None:
    changes: dict[str, str | None] = {"INFERENCE_TEXT_MODEL": "qwen3:1.7b"}
    assert [one.rule for one in found(changes, version="0.29.1")] == []
    assert [one.rule for one in found(changes, version="0.30.0")] == ["K11"]


def test_the_leak_of_gemma3_counts_for_an_old_server_only(shelf: Parameters) -> None:
    gemma = {"INFERENCE_TEXT_MODEL": "gemma3:1b"}
    plain = {**gemma, "INFERENCE_OUTPUT_SCHEMA": "plain"}
    old = shelf.model_copy(update={"image": "ollama/ollama:0.6.8", "text_model": "gemma3:1b"})
    new = shelf.model_copy(update={"text_model": "gemma3:1b"})
    assert [one.rule for one in found(gemma, old)] == ["K13"]
    assert [one.rule for one in found(plain, old)] == []
    assert [one.rule for one in found(gemma, new)] == []
    assert [one.rule for one in found(plain, new)] == ["K12"]


def test_what_a_secret_may_set_is_a_note_only() -> None:
    text = """
kind: Deployment
spec: {template: {spec: {containers: [{name: karakeep, envFrom: [{secretRef: {name: keys}}]}]}}}
"""
    result = lint(read_environment(text, "karakeep.yaml"))
    assert result.unread == ("Secret keys",)
    assert {one.severity for one in result.findings} == {"note"}
    assert "Secret keys may set it" in result.findings[0].effect


def test_the_version_is_that_of_the_image() -> None:
    text = """
kind: Deployment
spec:
  template:
    spec:
      containers:
      - image: ghcr.io/karakeep-app/karakeep:0.29.1
        env:
        - name: INFERENCE_TEXT_MODEL
          value: qwen3:1.7b
"""
    result = lint(read_environment(text, "karakeep.yaml"))
    assert result.karakeep == "0.29.1"
    assert "K11" not in [one.rule for one in result.findings]
    assert any(not one.holds and "/api/chat" in one.why for one in result.advice)
