from __future__ import annotations

import pytest

from runbook.errors import PullFailed
from runbook.ollama import Ollama, Patience, pull_model
from tests.unit.ollama.stub import Stub, layer, tags

DIGEST = "0123456789ab" + "0" * 52
SUCCESS = {"status": "success"}
AWAY = {"error": "port-forward: No pod behind the Service ollama in the namespace ai is ready."}
HASTE = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.02, away_s=1.0)


def test_a_server_whose_pod_is_replaced_is_waited_for_longer_than_a_fault(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags("m:1b"))
    stub.on("/api/pull", layer(DIGEST, 400, 1000), closes_early=True)
    for _ in range(6):
        stub.then("/api/pull", AWAY, status=502)
    stub.then("/api/pull", layer(DIGEST, 1000, 1000), SUCCESS)
    assert pull_model(ollama, "m:1b", patience=HASTE).attempts == 8


def test_a_server_that_stays_away_is_given_up(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/pull", AWAY, status=502)
    with pytest.raises(PullFailed, match="no pod of the server is there"):
        pull_model(ollama, "m:1b", patience=Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.01, away_s=0.05))


def test_a_long_pull_is_broken_off_now_and_then_so_that_the_server_writes_down_how_far_it_is(
    stub: Stub, ollama: Ollama
) -> None:
    stub.then("/api/tags", tags("m:1b"))
    stub.on("/api/pull", *[layer(DIGEST, done, 1000) for done in range(100, 900, 10)], gap_s=0.02)
    stub.then("/api/pull", layer(DIGEST, 1000, 1000), SUCCESS)
    pulled = pull_model(ollama, "m:1b", patience=Patience(checkpoint_s=0.1))
    assert len(stub.asked("/api/pull")) == 2
    assert pulled.attempts == 1


def test_a_pull_that_has_brought_nothing_is_not_broken_off(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags("m:1b"))
    stub.on("/api/pull", *[{"status": "pulling manifest"}] * 10, SUCCESS, gap_s=0.02)
    pull_model(ollama, "m:1b", patience=Patience(checkpoint_s=0.05))
    assert len(stub.asked("/api/pull")) == 1


def test_a_layer_that_cannot_fit_ends_the_pull_with_the_arithmetic(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/pull", layer(DIGEST, 0, 3 * 2**30), layer(DIGEST, 2**20, 3 * 2**30), SUCCESS)
    with pytest.raises(PullFailed, match="the volume of the models is full") as caught:
        pull_model(ollama, "m:1b", free_bytes=2**30, patience=HASTE)
    assert "2.00 GiB too much" in caught.value.why


def test_what_is_there_of_a_layer_takes_no_further_room(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags("m:1b"))
    stub.on("/api/pull", layer(DIGEST, 700, 1000), layer(DIGEST, 1000, 1000), SUCCESS)
    assert pull_model(ollama, "m:1b", free_bytes=400, patience=HASTE).attempts == 1


def test_a_server_that_was_left_a_moment_ago_is_asked_again(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags("m:1b"))
    stub.on("/api/pull", {"error": "context canceled"})
    stub.then("/api/pull", SUCCESS)
    assert pull_model(ollama, "m:1b", patience=HASTE).attempts == 2
