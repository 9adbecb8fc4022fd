from __future__ import annotations

import socket
from pathlib import Path

import pytest

from runbook.errors import AnswerFailed, OllamaError, OllamaUnreachable, PullFailed
from runbook.ollama import Ollama
from tests.unit.ollama.stub import Stub, done, layer, words

REQUEST = {"model": "gemma3:270m", "prompt": "Why?", "stream": True}


def test_the_environments_proxies_are_ignored(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    stub.on("/api/generate", *words("Because."), done())
    with Ollama(stub.url) as ollama:
        assert ollama.version() == "0.15.6"
        assert ollama.generate(REQUEST).text == "Because."


def test_an_answer_is_put_together_from_its_lines(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words("Be", "cause", "."), done(), first_byte_s=0.1)
    pieces: list[str] = []
    answer = ollama.generate(REQUEST, on_text=pieces.append)
    assert answer.text == "Because."
    assert pieces == ["Be", "cause", "."]
    assert (answer.done_reason, answer.prompt_tokens, answer.output_tokens) == ("stop", 185, 12)
    assert 0.1 <= answer.first_byte_s <= answer.wall_s < 5


def test_the_request_is_sent_as_it_is(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", done())
    ollama.generate(REQUEST)
    assert stub.asked("/api/generate") == [REQUEST]


def test_when_nobody_listens_then_the_address_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with Ollama(url) as ollama:
        with pytest.raises(OllamaUnreachable, match=url):
            ollama.version()
        with pytest.raises(OllamaUnreachable, match=url):
            ollama.generate(REQUEST)


@pytest.mark.parametrize("answer", ["<html>login</html>", '{"error_code": 7}', "[]"])
def test_when_something_else_answers_then_that_is_said(stub: Stub, ollama: Ollama, answer: str) -> None:
    stub.on("/api/tags", answer)
    with pytest.raises(OllamaError, match="is not Ollama"):
        ollama.tags()


def test_when_a_short_answer_breaks_off_then_the_server_counts_as_unreachable(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/tags", {"models": []}, closes_early=True)
    with pytest.raises(OllamaUnreachable, match="did not answer /api/tags"):
        ollama.tags()


CRASH = 'POST predict: Post "http://127.0.0.1:41999/completion": EOF'
HALF = {"response": '{"tags":["a', "done": False}


def test_when_the_runner_crashes_in_the_middle_then_the_half_answer_is_not_salvaged(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", HALF, {"error": CRASH})
    with pytest.raises(AnswerFailed) as caught:
        ollama.generate(REQUEST)
    assert caught.value.why.startswith("server or runner failure: " + CRASH)
    assert "11 characters received until then do not count" in caught.value.why
    assert "JSON" not in caught.value.what
    assert "log" in caught.value.next and "memory" in caught.value.next


def test_when_the_connection_closes_in_the_middle_then_it_is_a_failure(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", HALF, closes_early=True)
    with pytest.raises(AnswerFailed, match="server or its model runner failed") as caught:
        ollama.generate(REQUEST)
    assert "the connection closed" in caught.value.why


def test_when_the_first_line_is_the_error_then_it_is_a_failure_with_the_servers_words(
    stub: Stub, ollama: Ollama
) -> None:
    stub.on("/api/generate", {"error": CRASH}, status=500)
    with pytest.raises(AnswerFailed, match="server or its model runner failed") as caught:
        ollama.generate(REQUEST)
    assert CRASH in caught.value.why


def test_when_the_stream_ends_without_done_then_it_is_a_failure(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words('{"tags": ["a"]}'))
    with pytest.raises(AnswerFailed, match="gave no whole answer"):
        ollama.generate(REQUEST)


def test_when_a_weak_model_repeats_itself_then_the_cause_is_named(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words(*["ha"] * 31))
    with pytest.raises(AnswerFailed, match="repeated one token until the server stopped it"):
        ollama.generate(REQUEST)


def test_when_the_server_falls_silent_then_the_wait_is_bounded(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", HALF, gap_s=2)
    with pytest.raises(AnswerFailed) as caught:
        ollama.generate(REQUEST, deadline_s=0.2)
    assert "nothing came for 0.2 s" in caught.value.why


def test_when_an_answer_trickles_on_then_the_deadline_ends_it(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", *words(*"abcdefghij"), done(), gap_s=0.1)
    with pytest.raises(AnswerFailed, match="did not end in time"):
        ollama.generate(REQUEST, deadline_s=0.3)


def test_when_the_model_is_not_there_then_the_notebook_that_pulls_is_named(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", {"error": "model 'gemma3:270m' not found"}, status=404)
    stub.on("/api/show", {"error": "model 'gemma3:270m' not found"}, status=404)
    with pytest.raises(AnswerFailed, match="04_pull"):
        ollama.generate(REQUEST)
    with pytest.raises(OllamaError, match="04_pull"):
        ollama.show("gemma3:270m")


def test_a_pull_tells_its_lines_as_they_come(stub: Stub, ollama: Ollama) -> None:
    stub.on(
        "/api/pull",
        {"status": "pulling manifest"},
        layer("ab" * 32, 5, 10),
        layer("ab" * 32, 10, 10),
        {"status": "success"},
    )
    lines = list(ollama.pull("mirror.lan:5000/library/gemma3:270m", insecure=True))
    assert [line.status for line in lines] == [
        "pulling manifest",
        "pulling abababababab",
        "pulling abababababab",
        "success",
    ]
    assert [line.percent for line in lines] == [0, 50, 99, 100]
    assert stub.asked("/api/pull") == [{"model": "mirror.lan:5000/library/gemma3:270m", "insecure": True}]


def test_a_pull_without_success_is_a_failure(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/pull", {"status": "pulling manifest"}, layer("ab" * 32, 5, 10))
    with pytest.raises(PullFailed, match="broke in the middle"):
        list(ollama.pull("gemma3:270m"))


def test_unloading_ends_when_the_server_no_longer_lists_the_model(stub: Stub, ollama: Ollama) -> None:
    loaded = {"name": "moondream:latest", "expires_at": "2026-11-25T07:04:13Z"}
    stub.on("/api/generate", {"done": True, "done_reason": "unload"})
    stub.on("/api/ps", {"models": [loaded]})
    stub.then("/api/ps", {"models": []})
    ollama.unload("moondream")
    assert stub.asked("/api/generate") == [{"model": "moondream", "keep_alive": 0}]
    assert len(stub.asked("/api/ps")) == 2


def test_a_model_that_stays_after_unloading_is_an_error(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", {"done": True, "done_reason": "unload"})
    stub.on("/api/ps", {"models": [{"name": "m:latest", "expires_at": "2026-11-25T07:04:13Z"}]})
    with pytest.raises(OllamaError, match="still loaded"):
        ollama.unload("m", patience_s=0.1)


def test_loading_sends_the_options_of_the_requests_to_come(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/generate", {"done": True, "done_reason": "load"})
    ollama.load("gemma3:270m", {"num_ctx": 2048}, "5m")
    assert stub.asked("/api/generate") == [{"model": "gemma3:270m", "options": {"num_ctx": 2048}, "keep_alive": "5m"}]


def test_creating_a_model_fails_with_the_servers_words(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/create", {"status": "parsing GGUF"}, {"error": "unknown type"})
    with pytest.raises(OllamaError, match="unknown type"):
        ollama.create("tagger", from_="gemma3:270m", template="{{ .Prompt }}")
    assert stub.asked("/api/create") == [{"model": "tagger", "from": "gemma3:270m", "template": "{{ .Prompt }}"}]


def test_creating_a_model_needs_the_word_success(stub: Stub, ollama: Ollama) -> None:
    stub.on("/api/create", {"status": "writing manifest"})
    with pytest.raises(OllamaError, match="ended without success"):
        ollama.create("tagger", from_="gemma3:270m")


def test_a_blob_that_is_there_is_not_sent_again(stub: Stub, ollama: Ollama, tmp_path: Path) -> None:
    file = tmp_path / "empty.gguf"
    file.write_bytes(b"")
    digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    stub.on(f"/api/blobs/{digest}")
    assert ollama.upload(file) == digest
    assert [request.method for request in stub.requests] == ["HEAD"]
