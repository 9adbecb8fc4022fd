from __future__ import annotations

from typing import Any

import pytest

from runbook.inference import Contract, Trial, check_contract
from runbook.inference.consumer import recommend
from runbook.inference.trial import ERROR_PAGE, FULL, IMAGE, SHORT
from runbook.karakeep.judge import WHOLE
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

GOOD = (*words('{"tags":["k8s","pods","cloud"]}'), done(prompt_eval_count=300))
INFO = {"general.architecture": "gemma3", "gemma3.context_length": 32_768}
SHOWN = {"details": {}, "model_info": INFO, "template": "{{ range .Messages }}{{ .Content }}{{ end }}"}
BASE = {**SHOWN, "template": "{{ .Prompt }}"}


@pytest.fixture
def textual(parameters: Parameters) -> Parameters:
    return parameters.model_copy(update={"vision_model": None})


def checked(stub: Stub, ollama: Ollama, parameters: Parameters, shown: Any = SHOWN, **how: Any) -> Contract:
    stub.on("/api/show", shown)
    return check_contract(ollama, parameters, **how)


def test_each_form_is_asked_about_a_short_page_and_the_first_about_all_cases(
    stub: Stub, ollama: Ollama, textual: Parameters
) -> None:
    stub.on("/api/generate", *GOOD)
    said: list[str] = []
    found = checked(stub, ollama, textual, on_progress=said.append)
    assert [(one.form, one.case) for one in found.trials] == [
        ("structured", SHORT),
        ("structured", ERROR_PAGE),
        ("structured", FULL),
        ("json", SHORT),
        ("plain", SHORT),
    ]
    assert {one.check.status for one in found.trials} == {"passed"}
    assert len(said) == 5
    formats = [one.get("format") for one in stub.asked("/api/generate") if one["options"]["num_predict"] > 1]
    assert [isinstance(one, dict) for one in formats] == [True] * 3 + [False] * 2
    assert formats[3:] == ["json", None]


def test_every_request_is_the_consumers_own(stub: Stub, ollama: Ollama, textual: Parameters) -> None:
    stub.on("/api/generate", *GOOD)
    checked(stub, ollama, textual)
    for asked in stub.asked("/api/generate"):
        assert set(asked) <= {"model", "prompt", "format", "stream", "keep_alive", "options"}
        assert asked["stream"] is True
        assert set(asked["options"]) == {"num_ctx", "num_predict"}


def test_the_page_grows_until_prompt_and_answer_just_fit(stub: Stub, ollama: Ollama, textual: Parameters) -> None:
    """Two probes of 20 and 120 words that have 300 and 420 tokens: a word is 1.2 tokens."""
    stub.on("/api/generate", *GOOD)
    stub.then("/api/generate", *GOOD)
    stub.then("/api/generate", *words("a"), done(prompt_eval_count=300))
    stub.then("/api/generate", *words("a"), done(prompt_eval_count=420))
    stub.then("/api/generate", *GOOD)
    checked(stub, ollama, textual, forms=("structured",))
    page = stub.asked("/api/generate")[-1]["prompt"].split("<TEXT_CONTENT>\n")[1].split("\n</TEXT_CONTENT>")[0]
    assert len(page.split()) == 20 + int((2048 - 128 - 24 - 300) / 1.2)


def test_an_answer_that_stops_without_its_end_fails_and_is_explained(
    stub: Stub, ollama: Ollama, textual: Parameters
) -> None:
    stub.on("/api/generate", *words('{"tags":["k8s","pods","cloud"]}'))
    found = checked(stub, ollama, textual, forms=("structured",))
    short = found.trials[0]
    assert (short.check.status, short.tries, short.done_reason) == ("failed", 4, "")
    assert short.failure.startswith(WHOLE)
    assert "the request fails" in short.meaning
    assert short.tags == ()


def test_a_base_model_that_fails_by_chance_fails_nothing_and_is_not_recommended(
    stub: Stub, ollama: Ollama, textual: Parameters
) -> None:
    stub.on("/api/generate", *words('{"tags":["k8s'), done(done_reason="length", prompt_eval_count=300))
    found = checked(stub, ollama, textual, BASE, forms=("structured",))
    assert {one.check.status for one in found.trials} == {"skipped"}
    assert "only base models" in found.recommendation.evidence


def test_a_base_model_is_asked_once_for_what_says_nothing_of_it(
    stub: Stub, ollama: Ollama, textual: Parameters
) -> None:
    stub.on("/api/generate", *words('{"tags":["k8s'), done(done_reason="length", prompt_eval_count=300))
    found = checked(stub, ollama, textual, BASE)
    assert [one.tries for one in found.trials] == [12, 1, 1, 1, 1]


def test_the_longer_cases_of_a_base_model_look_alike_in_every_run(
    stub: Stub, ollama: Ollama, textual: Parameters
) -> None:
    stub.on("/api/generate", *GOOD)
    found = checked(stub, ollama, textual, BASE, forms=("structured",))
    assert [one.check.status for one in found.trials] == ["passed", "skipped", "skipped"]


def test_a_base_model_that_fails_for_sure_fails(stub: Stub, ollama: Ollama, textual: Parameters) -> None:
    stub.on("/api/generate", {"response": "", "thinking": '{"tags":[]}', "done": False}, done(prompt_eval_count=300))
    found = checked(stub, ollama, textual, BASE, forms=("structured",))
    assert {one.check.status for one in found.trials} == {"failed"}


def test_without_a_vision_model_the_image_is_skipped_with_the_reason(
    stub: Stub, ollama: Ollama, textual: Parameters
) -> None:
    stub.on("/api/generate", *GOOD)
    found = checked(stub, ollama, textual, forms=("structured",))
    assert [one.evidence for one in found.skipped] == ["the target shelf names no vision model"]


def test_the_vision_model_is_asked_about_the_picture(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/generate", *GOOD)
    shown = {**SHOWN, "capabilities": ["completion", "vision"]}
    found = checked(stub, ollama, parameters.model_copy(update={"text_model": "moondream"}), shown)
    (image,) = [one for one in found.trials if one.case == IMAGE]
    assert image.check.status == "passed"
    assert image.obeyed == 2  # three tags, where ten are asked for
    assert len([one for one in stub.asked("/api/generate") if "images" in one]) == 1


def test_a_model_that_is_named_and_sees_is_asked_about_the_picture_too(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/generate", *GOOD)
    shown = {**SHOWN, "capabilities": ["completion", "vision"]}
    found = checked(stub, ollama, parameters, shown, models=["moondream"], forms=("structured",))
    assert [(one.model, one.case) for one in found.trials][-1] == ("moondream", IMAGE)


def test_a_vision_model_that_sees_nothing_fails(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/generate", *GOOD)
    found = checked(stub, ollama, parameters, forms=("structured",))
    (image,) = [one for one in found.trials if one.case == IMAGE]
    assert "takes no images" in image.failure


def test_a_context_that_the_instructions_fill_has_no_long_page(stub: Stub, ollama: Ollama, textual: Parameters) -> None:
    stub.on("/api/generate", *GOOD)
    found = checked(stub, ollama, textual.model_copy(update={"context_length": 400}), forms=("structured",))
    assert FULL not in [one.case for one in found.trials]
    assert "fill this context" in found.skipped[0].evidence


def test_what_was_found_before_an_interruption_is_kept(stub: Stub, ollama: Ollama, textual: Parameters) -> None:
    stub.on("/api/generate", *GOOD)
    into = Contract()

    def interrupted(line: str) -> None:
        if ERROR_PAGE in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checked(stub, ollama, textual, into=into, on_progress=interrupted)
    assert [one.case for one in into.trials] == [SHORT]


def one(model: str, form: str = "structured", case: str = SHORT, **more: Any) -> Trial:
    known: dict[str, Any] = {
        "model": model, "form": form, "case": case, "holds": True, "base": False, "by_chance": True, "tags": ("a",),
        "tries": 1, "first_byte_s": 1.0, "wall_s": 2.0, "prompt_tokens": 9, "output_tokens": 9,
        "context_tokens": 2048, "done_reason": "stop", "failure": "", "meaning": "", "remedy": "", "checks": (),
        "rules": (),
    }  # fmt: skip
    return Trial(**{**known, **more})


def test_the_fastest_of_the_models_that_pass_is_recommended_with_its_evidence() -> None:
    best = recommend([one("slow", wall_s=9.0), one("fast", wall_s=3.0), one("broken", holds=False, wall_s=1.0)])
    assert (best.model, best.form) == ("fast", "structured")
    assert best.evidence == "1 of 1 cases, 0 of 0 rules, at most 3.0 s, first byte after at most 1.0 s"


def test_a_model_that_failed_in_one_case_is_not_recommended() -> None:
    best = recommend([one("a"), one("a", case=FULL, holds=False, failure="Answer is JSON: no")])
    assert best.model == ""
    assert "Answer is JSON: no" in best.evidence


def test_a_form_that_was_tried_with_a_short_page_alone_is_not_recommended() -> None:
    best = recommend([one("a"), one("a", case=FULL), one("a", form="plain", wall_s=0.1)])
    assert best.form == "structured"
