from __future__ import annotations

import pytest

from runbook.ollama.answer_causes import answer_cause, answer_failed
from runbook.ollama.stream import StreamFault

SAID = [
    ("model 'qwen3:1.7b' not found", "not pulled"),
    ('model "qwen3:1.7b" not found, try pulling it first', "not pulled"),
    ("model requires more system memory (10.2 GiB) than is available (7.1 GiB)", "not enough memory"),
    ("llama runner process has terminated: signal: killed", "killed"),
    ("timed out waiting for llama runner to start - progress 0.42 - ", "load too slow"),
    ("server busy, please try again.  maximum pending requests exceeded", "busy"),
    ('time: missing unit in duration "-1"', "keep_alive"),
    ('"nomic-embed-text" does not support generate', "not for this"),
    ("invalid JSON schema in format", "format refused"),
    ("the input length exceeds the context length", "prompt too long"),
    ("model runner has unexpectedly stopped, this may be due to resource limitations", "server or runner failure"),
    ('POST predict: Post "http://127.0.0.1:41999/completion": EOF', "server or runner failure"),
    ("an error was encountered while running the model: unexpected EOF", "server or runner failure"),
    ("a sentence that nobody has seen before", "server or runner failure"),
]


@pytest.mark.parametrize(("words", "name"), SAID)
def test_the_servers_words_are_recognised(words: str, name: str) -> None:
    assert answer_cause(StreamFault("error line", words)).name == name


def test_a_memory_refusal_names_the_page_cache_before_a_larger_limit() -> None:
    words = "model requires more system memory (10.2 GiB) than is available (7.1 GiB)"
    error = answer_failed("qwen3:1.7b", StreamFault("refused", words, 500))
    assert "page cache" in error.what
    assert error.next.startswith("Restart the pod")
    assert words in error.why
