from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.errors import UsageError
from runbook.karakeep import lint, read_environment
from runbook.karakeep.settings.environment import Setting
from runbook.karakeep.settings.variables import KINDS, KNOWN
from runbook.parameters import Parameters

SECRET = "sk-proj-Zq8" + "h5vT2mXw9"
TARGET = Parameters(target="shelf", context="shelf", text_model="gemma3:1b")


def said(text: str, source: str) -> str:
    return repr(asdict(lint(read_environment(text, source), TARGET)))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_no_variable_shows_a_secret_that_it_holds(name: str) -> None:
    assert SECRET not in said(f"{name}={SECRET}\n{name}={SECRET}", ".env")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_variable_shows_a_password_in_an_address(name: str) -> None:
    text = said(f"{name}=http://user:hunter22@ollama.ai.svc:11434/v1", ".env")
    assert "hunter22" not in text


@pytest.mark.parametrize(
    "line",
    [SECRET, f"{SECRET}=x", f"{SECRET}='x'\n{SECRET}=y", f"INFERENCE_LANG='{SECRET}", f"{SECRET} = ' y '"],
)
def test_a_line_in_the_wrong_shape_is_not_shown(line: str) -> None:
    assert SECRET not in said(line, ".env")


def test_the_secrets_of_a_manifest_are_not_kept() -> None:
    text = f"kind: Secret\nmetadata: {{name: keys}}\nstringData: {{OPENAI_API_KEY: {SECRET}}}"
    environment = read_environment(text, "keys.yaml")
    assert environment.settings == (Setting("OPENAI_API_KEY", None, "keys.yaml", 3),)
    assert SECRET not in said(text, "keys.yaml")


def test_a_setting_does_not_show_its_value_by_itself() -> None:
    assert SECRET not in repr(Setting("OPENAI_API_KEY", SECRET, ".env"))


@given(st.text(alphabet="AZ_=\n\"' #$:-x\\\t", max_size=60))
def test_any_lines_at_all_are_read(text: str) -> None:
    with suppress(UsageError):
        lint(read_environment(text, ".env"))
