from __future__ import annotations

import pytest

from runbook.errors import AnswerFailed, OllamaError
from runbook.ollama import Ollama, context_of, find_loaded, find_stored
from runbook.parameters import Parameters

SHORT = {"num_ctx": 512, "num_predict": 8}


def test_the_server_is_the_pinned_version(ollama: Ollama, local: Parameters) -> None:
    assert ollama.version() == local.image.rpartition(":")[2]


def test_the_model_is_listed_with_its_digest_and_size(ollama: Ollama, local: Parameters) -> None:
    stored = find_stored(local.text_model, ollama.tags())
    assert stored is not None
    assert len(stored.digest) == 64
    assert stored.size_bytes > 253_113_024  # the GGUF, and the small layers beside it
    assert (stored.family, stored.quantization) == ("gemma3", "Q4_K_M")


def test_an_answer_has_counts_and_both_clocks(ollama: Ollama, local: Parameters) -> None:
    request = {"model": local.text_model, "prompt": "One, two, three,", "options": {**SHORT, "temperature": 0}}
    answer = ollama.generate(request)
    assert answer.text
    assert (answer.done_reason, answer.output_tokens) == ("length", 8)
    assert answer.prompt_tokens is not None and answer.prompt_tokens > 4
    assert 0 < answer.prompt_s < answer.first_byte_s <= answer.wall_s
    assert answer.decode_tokens_per_second is not None
    assert answer.output_s <= answer.wall_s - answer.first_byte_s + 0.1


def test_an_unknown_model_names_the_notebook_that_pulls(ollama: Ollama) -> None:
    with pytest.raises(AnswerFailed, match="04_pull") as caught:
        ollama.generate({"model": "nobody:1b", "prompt": "Why?"})
    assert "not found" in caught.value.why
    with pytest.raises(OllamaError, match="04_pull"):
        ollama.show("nobody:1b")


@pytest.mark.parametrize("value", ["-1", "300"])
def test_the_server_refuses_a_bare_number_as_a_text(ollama: Ollama, local: Parameters, value: str) -> None:
    with pytest.raises(AnswerFailed, match="keep_alive") as caught:
        ollama.load(local.text_model, SHORT, value)
    assert "missing unit in duration" in caught.value.why


@pytest.mark.parametrize(
    ("value", "low_s", "high_s"), [(-1, 1e9, 1e10), ("-1m", 1e9, 1e10), (300, 290, 301), ("24h", 86_000, 86_401)]
)
def test_the_server_takes_these_keep_alives(
    ollama: Ollama, local: Parameters, value: str | int, low_s: float, high_s: float
) -> None:
    ollama.load(local.text_model, SHORT, value)
    loaded = find_loaded(local.text_model, ollama.ps())
    assert loaded is not None
    assert low_s <= loaded.expires_in_s <= high_s


@pytest.mark.parametrize("value", ["0", 0])
def test_nothing_as_keep_alive_unloads_the_model(ollama: Ollama, local: Parameters, value: str | int) -> None:
    ollama.load(local.text_model, SHORT)
    ollama.generate({"model": local.text_model, "keep_alive": value})
    ollama.unload(local.text_model)
    assert find_loaded(local.text_model, ollama.ps()) is None


@pytest.mark.parametrize("asked", [512, 65_536])
def test_the_context_in_force_is_the_one_we_expect(ollama: Ollama, local: Parameters, asked: int) -> None:
    ollama.load(local.text_model, {"num_ctx": asked})
    loaded = find_loaded(local.text_model, ollama.ps())
    expected = context_of(ollama.show(local.text_model), request=asked)
    assert loaded is not None
    assert loaded.context_length == expected.tokens == min(asked, 32_768)
    ollama.unload(local.text_model)


def test_a_model_that_repeats_itself_ends_without_done_and_is_no_answer(ollama: Ollama, local: Parameters) -> None:
    request = {
        "model": local.text_model,
        "prompt": "0" * 150,
        "raw": True,
        "options": {"num_ctx": 512, "num_predict": 60, "temperature": 0},
    }
    with pytest.raises(AnswerFailed, match="repeated one token until the server stopped it"):
        ollama.generate(request)


def test_a_model_can_be_derived_and_removed(ollama: Ollama, local: Parameters) -> None:
    ollama.create("derived-by-tests", from_=local.text_model, parameters={"num_ctx": 1024})
    try:
        assert context_of(ollama.show("derived-by-tests"), request=None).tokens == 1024
    finally:
        ollama.delete("derived-by-tests")
    assert find_stored("derived-by-tests", ollama.tags()) is None
