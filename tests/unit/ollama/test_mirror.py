from __future__ import annotations

import pytest

from runbook.errors import OllamaError, PullFailed
from runbook.ollama import Ollama, Patience, mirror_model
from tests.unit.ollama.stub import Stub, layer

LONG = "nas.lan:5000/library/gemma3:270m"
DIGEST = "0123456789ab" + "0" * 52
HASTE = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.02)
SUCCESS = {"status": "success"}


@pytest.fixture(autouse=True)
def _holds_a_model(stub: Stub) -> None:
    stub.holds("gemma3:270m")
    stub.on("/api/copy")
    stub.on("/api/delete")


def test_a_model_is_pushed_under_the_mirrors_name_which_goes_again(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/push", layer(DIGEST, 10, 10), SUCCESS)
    mirrored = mirror_model(ollama, "gemma3:270m", "nas.lan:5000/library", insecure=True, patience=HASTE)
    assert (mirrored.name, mirrored.mirrored_as, mirrored.attempts) == ("gemma3:270m", LONG, 1)
    assert stub.asked("/api/copy") == [{"source": "gemma3:270m", "destination": LONG}]
    assert stub.asked("/api/push") == [{"model": LONG, "insecure": True}]
    assert stub.asked("/api/delete") == [{"model": LONG}]


def test_a_refusal_is_explained_and_leaves_no_second_name(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/push", {"error": "x509: certificate signed by unknown authority"})
    with pytest.raises(PullFailed, match="was not pushed after 1 attempt") as caught:
        mirror_model(ollama, "gemma3:270m", "nas.lan:5000/library", patience=HASTE)
    assert "certificate" in caught.value.why
    assert stub.asked("/api/delete") == [{"model": LONG}]


def test_a_name_that_was_there_before_stays(stub: Stub, ollama: Ollama) -> None:
    stub.holds("gemma3:270m", LONG)
    stub.on("/api/push", SUCCESS)
    mirror_model(ollama, "gemma3:270m", "nas.lan:5000/library", patience=HASTE)
    assert stub.asked("/api/delete") == []


def test_what_the_server_does_not_have_cannot_be_mirrored(ollama: Ollama) -> None:
    with pytest.raises(OllamaError, match="does not have it") as caught:
        mirror_model(ollama, "moondream", "nas.lan:5000/library")
    assert "gemma3:270m" in caught.value.why
