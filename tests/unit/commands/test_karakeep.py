from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runbook.checks import Check
from runbook.cli import ended
from runbook.commands.karakeep import karakeep
from runbook.commands.karakeep_check import _report
from runbook.inference import Contract, Way
from tests.unit.inference.test_consumer import one

GOOD = """\
OLLAMA_BASE_URL=http://ollama.ai.svc.cluster.local:11434
INFERENCE_TEXT_MODEL=gemma3:270m
INFERENCE_IMAGE_MODEL=moondream
INFERENCE_JOB_TIMEOUT_SEC=180
INFERENCE_FETCH_TIMEOUT_SEC=300
"""
SECRET = "sk-proj-Zq8" + "h5vT2mXw9"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lint(capsys: pytest.CaptureFixture[str]) -> Call:
    def called(*arguments: object) -> tuple[int, str, str]:
        words = ["lint", *map(str, arguments)]
        status = ended(lambda: karakeep.main(words, standalone_mode=False))
        return (status, *capsys.readouterr())

    return called


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "karakeep.env"
    path.write_text(GOOD)
    return path


def test_an_environment_without_errors_ends_well(lint: Call, file: Path) -> None:
    status, out, _ = lint(file)
    assert status == 0
    assert "error" not in out.partition("The plan's advice")[0]
    assert "not so   gemma3 with structured answers leaks memory" in out


def test_an_error_is_shown_with_its_line_and_its_remedy(lint: Call, file: Path) -> None:
    file.write_text(GOOD.replace("gemma3:270m", "qwen3:1.7b"))
    status, out, _ = lint(file)
    assert status == 1
    assert f"error    K11  INFERENCE_TEXT_MODEL  {file}:2" in out


def test_neither_words_nor_json_hold_a_secret(lint: Call, file: Path) -> None:
    file.write_text(f"{GOOD}OPENAI_API_KEY={SECRET}\nINFERENCE_LANG={SECRET}\n{SECRET}\n")
    for arguments in ((file,), (file, "--json"), (file, "--target", "local")):
        status, out, err = lint(*arguments)
        assert status == 1
        assert SECRET not in out + err


def test_json_has_every_finding(lint: Call, file: Path) -> None:
    file.write_text(GOOD + "OLLAMA_KEEP_ALIVE=-1\n")
    status, out, _ = lint(file, "--json")
    found = json.loads(out)
    assert (status, found["errors"]) == (1, 1)
    assert {"K20"} <= {one["rule"] for one in found["lint"]["findings"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.env",), "nowhere.env cannot be read"),
        (("deployment/karakeep",), "no target says in which"),
        (("karakeep.env", "--version", "newest"), "'newest' is no version"),
        (("karakeep.env", "-p", "namespace=a"), "A parameter is given and no target"),
        ((".",), "cannot be read"),
    ],
)
def test_wrong_input_gets_one_clear_error(lint: Call, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = lint(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_file_that_is_no_text_is_refused(lint: Call, file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    assert lint(file)[0] == 2


def test_the_report_of_a_check_has_a_table_the_meaning_and_a_recommendation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = one(
        "gemma3:1b", holds=False, failure="Answer has tags: 0", meaning="it has no tags", remedy="Choose another."
    )
    way = Way("gemma3:1b", "a way", works=True, usable=True, evidence="17 characters")
    found = Contract([failed, one("qwen2.5:3b", wall_s=12.0)], [way], [Check.skipped("image", "no model sees")])
    _report(found, as_json=False)
    out = capsys.readouterr().out
    assert out.startswith("model")
    assert (
        "gemma3:1b, structured, short page: Answer has tags: 0\n  for the user: it has no tags\n  Choose another."
        in out
    )
    assert "skipped  image: no model sees" in out
    assert "gemma3:1b: a way works: 17 characters" in out
    assert "INFERENCE_JOB_TIMEOUT_SEC=30 or more" in out
    assert "Set INFERENCE_TEXT_MODEL=qwen2.5:3b and INFERENCE_OUTPUT_SCHEMA=structured" in out
    _report(found, as_json=True)
    assert json.loads(capsys.readouterr().out)["recommendation"]["model"] == "qwen2.5:3b"
