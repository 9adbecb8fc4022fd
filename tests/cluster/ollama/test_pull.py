from __future__ import annotations

import pytest

from runbook.errors import PullFailed
from runbook.ollama import Ollama, Patience, PullProgress, find_stored, mirror_name, pull_model
from runbook.parameters import Parameters

TWICE = Patience(tries=2, first_wait_s=0.1)


def test_a_present_model_needs_no_registry(ollama: Ollama, local: Parameters) -> None:
    pulled = pull_model(ollama, local.text_model, registry="127.0.0.1:9/library", insecure=True, patience=TWICE)
    assert (pulled.already_present, pulled.attempts, pulled.bytes_transferred) == (True, 0, 0)


def test_from_the_mirror_the_model_arrives_whole_under_its_short_name(
    ollama: Ollama, local: Parameters, mirror: str
) -> None:
    before = find_stored(local.text_model, ollama.tags())
    assert before is not None
    ollama.delete(local.text_model)
    seen: list[PullProgress] = []
    pulled = pull_model(
        ollama, local.text_model, registry=mirror, insecure=local.registry_insecure, on_progress=seen.append
    )
    assert (pulled.name, pulled.digest, pulled.attempts) == (before.name, before.digest, 1)
    assert 0.5 * before.size_bytes <= pulled.bytes_transferred <= before.size_bytes
    assert find_stored(mirror_name(mirror, local.text_model), ollama.tags()) is None
    assert seen[-1].percent == 100


def test_layers_that_are_there_are_not_fetched_again(ollama: Ollama, local: Parameters, mirror: str) -> None:
    ollama.copy(local.text_model, "kept-by-tests")
    ollama.delete(local.text_model)
    try:
        pulled = pull_model(ollama, local.text_model, registry=mirror, insecure=local.registry_insecure)
    finally:
        ollama.delete("kept-by-tests")
    assert pulled.bytes_transferred == 0
    assert (pulled.already_present, pulled.attempts) == (False, 1)


def test_a_model_that_the_mirror_lacks_is_named_as_that(ollama: Ollama, local: Parameters, mirror: str) -> None:
    with pytest.raises(PullFailed, match="no model of this name and tag") as caught:
        pull_model(ollama, "nobody:1b", registry=mirror, insecure=local.registry_insecure, patience=TWICE)
    assert "after 1 attempt and 0 bytes" in caught.value.what


def test_a_mirror_that_speaks_plain_http_is_named_as_that(ollama: Ollama, mirror: str) -> None:
    with pytest.raises(PullFailed, match="speaks plain HTTP") as caught:
        pull_model(ollama, "nobody:1b", registry=mirror, insecure=False, patience=TWICE)
    assert "registry_insecure: true" in caught.value.next


def test_a_registry_that_does_not_listen_is_tried_again_and_named(ollama: Ollama) -> None:
    with pytest.raises(PullFailed, match="after 2 attempts and 0 bytes: the registry cannot be reached"):
        pull_model(ollama, "nobody:1b", registry="127.0.0.1:9/library", insecure=True, patience=TWICE)


def test_a_registry_without_an_address_is_a_matter_of_dns(ollama: Ollama) -> None:
    with pytest.raises(PullFailed, match="cannot resolve the registry's name"):
        pull_model(ollama, "nobody:1b", registry="registry.invalid/library", insecure=True, patience=TWICE)
