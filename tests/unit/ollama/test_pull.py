from __future__ import annotations

import pytest

from runbook.errors import OllamaUnreachable, PullFailed
from runbook.ollama import Ollama, Patience, PullProgress, pull_model
from tests.unit.ollama.stub import Stub, layer, tags

HASTE = Patience(tries=3, first_wait_s=0.01, longest_wait_s=0.02, away_s=0.1)
DIGEST = "0123456789ab" + "0" * 52
TOTAL = 1_359_293_444
HALF = [layer(DIGEST, completed, TOTAL) for completed in (600_000_000, 400_000_000, 700_000_000)]
MANIFEST, SUCCESS = {"status": "pulling manifest"}, {"status": "success"}
BROKEN = {"error": "max retries exceeded: EOF"}
LONG = "mirror.lan:5000/library/gemma3:270m"


def test_a_present_model_is_not_pulled(stub: Stub, ollama: Ollama) -> None:
    stub.holds("moondream:latest")
    stub.on("/api/pull", {"error": "pull model manifest: dial tcp: i/o timeout"})
    pulled = pull_model(ollama, "moondream")
    assert (pulled.already_present, pulled.bytes_transferred, pulled.attempts) == (True, 0, 0)
    assert pulled.name == "moondream:latest"
    assert stub.asked("/api/pull") == []


def test_a_pull_that_ends_in_success_and_is_listed_is_a_success(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags("gemma3:270m"))
    stub.on("/api/pull", MANIFEST, *HALF, layer(DIGEST, TOTAL, TOTAL), SUCCESS)
    seen: list[PullProgress] = []
    pulled = pull_model(ollama, "gemma3:270m", on_progress=seen.append, patience=HASTE)
    assert (pulled.already_present, pulled.attempts, pulled.size_bytes) == (False, 1, 253_113_294)
    assert 0 < pulled.bytes_transferred <= TOTAL
    assert [line.percent for line in seen] == sorted(line.percent for line in seen)
    assert seen[-1].percent == 100


def test_an_error_inside_the_stream_is_a_failure_that_counts_attempts_and_bytes(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/pull", MANIFEST, *HALF, BROKEN)
    with pytest.raises(PullFailed, match=r"after 4 attempts and [0-9,]+ bytes") as caught:
        pull_model(ollama, "qwen3:1.7b", patience=HASTE)
    assert "max retries exceeded: EOF" in caught.value.why
    assert "91_troubleshoot, section Pull" in caught.value.next
    assert len(stub.asked("/api/pull")) == 4  # one that brought something, and three that did not


def test_a_stream_that_just_ends_is_a_failure(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/pull", MANIFEST, *HALF)
    with pytest.raises(PullFailed, match="broke in the middle of the pull"):
        pull_model(ollama, "qwen3:1.7b", patience=HASTE)


def test_success_without_the_model_in_the_list_is_a_failure(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/pull", MANIFEST, SUCCESS)
    with pytest.raises(PullFailed, match="not among the server's models"):
        pull_model(ollama, "qwen3:1.7b", patience=HASTE)


def test_a_pull_that_broke_goes_on_and_the_attempts_are_told(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags("qwen3:1.7b"))
    stub.on("/api/pull", MANIFEST, *HALF, BROKEN)
    stub.then("/api/pull", MANIFEST, *HALF, closes_early=True)
    stub.then("/api/pull", MANIFEST, layer(DIGEST, 900_000_000, TOTAL), SUCCESS)
    seen: list[PullProgress] = []
    pulled = pull_model(ollama, "qwen3:1.7b", on_progress=seen.append, patience=HASTE)
    assert pulled.attempts == 3
    waits = [line.status for line in seen if line.status.startswith("waiting")]
    assert waits[0] == "waiting 0.01 s after: max retries exceeded: EOF"
    assert [line.percent for line in seen] == sorted(line.percent for line in seen)


def test_progress_makes_patience_new(stub: Stub, ollama: Ollama) -> None:
    for completed in range(100, 900, 100):
        stub.then("/api/pull", layer(DIGEST, completed, 1000), BROKEN)
    with pytest.raises(PullFailed, match="after 11 attempts"):
        pull_model(ollama, "qwen3:1.7b", patience=HASTE)


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("pull model manifest: file does not exist", "no model of this name"),
        ("write /models/blobs/sha256-01-partial: no space left on device", "is full"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "not trusted"),
        ("http: no Location header in response", "another host name"),
    ],
)
def test_what_no_further_attempt_mends_is_tried_once(stub: Stub, ollama: Ollama, words: str, meaning: str) -> None:
    stub.on("/api/pull", MANIFEST, {"error": words})
    with pytest.raises(PullFailed, match=meaning) as caught:
        pull_model(ollama, "qwen3:1.7b", patience=HASTE)
    assert words in caught.value.why
    assert len(stub.asked("/api/pull")) == 1


def test_waits_grow_to_a_bound() -> None:
    assert [Patience().wait_s(failures) for failures in (1, 2, 3, 4, 5, 6, 7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_download_that_stands_still_is_begun_again(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags("qwen3:1.7b"))
    stub.on("/api/pull", *[layer(DIGEST, 500, 1000)] * 100, gap_s=0.02)
    stub.then("/api/pull", layer(DIGEST, 500, 1000), SUCCESS)
    pulled = pull_model(ollama, "qwen3:1.7b", patience=Patience(tries=3, first_wait_s=0.01, stall_s=0.1))
    assert pulled.attempts == 2


def test_a_pull_ends_at_its_deadline(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/pull", *[layer(DIGEST, completed, 1000) for completed in range(1000)], gap_s=0.02)
    with pytest.raises(PullFailed, match="did not end in time"):
        pull_model(ollama, "qwen3:1.7b", timeout_s=0.2, patience=HASTE)


def test_from_a_mirror_the_model_gets_its_short_name_and_the_long_one_goes(stub: Stub, ollama: Ollama) -> None:
    stub.then("/api/tags", tags(LONG, "gemma3:270m"))
    stub.on("/api/pull", MANIFEST, SUCCESS)
    stub.on("/api/copy")
    stub.on("/api/delete")
    pulled = pull_model(ollama, "gemma3:270m", registry="mirror.lan:5000/library", insecure=True, patience=HASTE)
    assert pulled.name == "gemma3:270m"
    assert stub.asked("/api/pull") == [{"model": LONG, "insecure": True}]
    assert stub.asked("/api/copy") == [{"source": LONG, "destination": "gemma3:270m"}]
    assert stub.asked("/api/delete") == [{"model": LONG}]


def test_a_model_that_lies_under_its_long_name_is_only_renamed(stub: Stub, ollama: Ollama) -> None:
    stub.holds(LONG)
    stub.then("/api/tags", tags(LONG, "gemma3:270m"))
    stub.on("/api/copy")
    stub.on("/api/delete")
    pulled = pull_model(ollama, "gemma3:270m", registry="mirror.lan:5000/library", insecure=True)
    assert pulled.bytes_transferred == 0
    assert stub.asked("/api/pull") == []
    assert stub.asked("/api/delete") == [{"model": LONG}]


def test_when_the_server_stays_away_then_that_is_the_error(ollama: Ollama, stub: Stub) -> None:
    stub.on("/api/pull", MANIFEST, closes_early=True)
    ollama.tags()
    stub.close()
    with pytest.raises(OllamaUnreachable):
        pull_model(ollama, "qwen3:1.7b", patience=HASTE)
