from __future__ import annotations

import pytest

from runbook.ollama.pull_causes import pull_cause, pull_failed
from runbook.ollama.stream import StreamFault

REGISTRY = 'pull model manifest: Get "https://registry.ollama.ai/v2/library/qwen3/manifests/1.7b": '

SAID = [
    ("pull model manifest: file does not exist", "unknown model", False),
    ("file does not exist", "layer missing", False),
    (REGISTRY + "dial tcp: lookup registry.ollama.ai on 10.96.0.10:53: no such host", "DNS", True),
    (REGISTRY + "dial tcp: lookup registry.ollama.ai: i/o timeout", "DNS", True),
    (REGISTRY + "dial tcp 10.0.0.7:5000: connect: connection refused", "registry unreachable", True),
    (REGISTRY + "dial tcp 10.0.0.7:443: i/o timeout", "registry unreachable", True),
    (REGISTRY + "net/http: TLS handshake timeout", "registry unreachable", True),
    ("pull model manifest: 503: Service Unavailable", "registry unreachable", True),
    (
        REGISTRY + "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "certificate",
        False,
    ),
    (REGISTRY + "x509: certificate has expired or is not yet valid", "certificate", False),
    (REGISTRY + "http: server gave HTTP response to HTTPS client", "plain HTTP", False),
    ("insecure protocol http", "insecure refused", False),
    (REGISTRY + "proxyconnect tcp: dial tcp 127.0.0.1:9: connect: connection refused", "proxy", False),
    ("write /models/blobs/sha256-ab-partial: no space left on device", "disk full", False),
    ("open /models/blobs/sha256-ab-partial: read-only file system", "volume not writable", False),
    ("digest mismatch, file must be downloaded again: want sha256:aa, got sha256:bb", "digest mismatch", True),
    ("http: no Location header in response", "no Location header", False),
    ("max retries exceeded: EOF", "download breaks off", True),
    ("max retries exceeded: unexpected EOF", "download breaks off", True),
    ("pull model manifest: unauthorized: access denied", "unauthorised", False),
    ("pull model manifest: 412: The model requires a newer version of Ollama.", "newer Ollama", False),
    ("pull model manifest: 429: toomanyrequests", "too many requests", True),
    ("pull model manifest: invalid character '<' looking for beginning of value", "not a registry", False),
    ("invalid model name", "invalid name", False),
    ("a sentence that nobody has seen before", "unknown", False),
]


@pytest.mark.parametrize(("words", "name", "retry"), SAID)
def test_the_servers_words_are_recognised(words: str, name: str, retry: bool) -> None:
    cause = pull_cause(StreamFault("error line", words))
    assert (cause.name, cause.retry) == (name, retry)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("closed", "connection lost"),
        ("silent", "connection lost"),
        ("late", "too late"),
        ("stalled", "download breaks off"),
    ],
)
def test_without_words_of_the_server_the_kind_of_fault_decides(kind: str, name: str) -> None:
    assert pull_cause(StreamFault(kind, "connection reset by peer")).name == name  # type: ignore[arg-type]


def test_the_error_has_the_cause_the_words_and_the_remedy() -> None:
    error = pull_failed(
        "qwen3:17b", StreamFault("error line", "pull model manifest: file does not exist"), "after 1 attempt"
    )
    assert error.what == "qwen3:17b was not pulled after 1 attempt: the registry has no model of this name and tag."
    assert error.why == "unknown model: pull model manifest: file does not exist"
    assert error.next == "Check the name qwen3:17b, its tag included. See 91_troubleshoot, section Pull."
