"""A registry that answers as real ones do, and as they should not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from runbook.errors import OllamaError, OllamaUnreachable
from runbook.ollama import ModelName, Registry

BLOB = bytes(range(200)) * 5
DIGEST = f"sha256:{'a' * 64}"


class Handler(BaseHTTPRequestHandler):
    """Blobs are redirected to another path, which answers range requests unless told otherwise."""

    ranges = True

    def do_GET(self) -> None:
        if "/manifests/1b" in self.path:
            self.send(200, json.dumps({"accept": self.headers["Accept"]}).encode())
        elif "/manifests/private" in self.path:
            self.send(401)
        elif "/blobs/" in self.path:
            self.send(307, location=f"/elsewhere/{DIGEST}")
        elif "/elsewhere/" in self.path:
            self.part()
        else:
            self.send(404)

    def part(self) -> None:
        first, last = (int(one) for one in self.headers["Range"].removeprefix("bytes=").split("-"))
        if not self.server.ranges:  # type: ignore[attr-defined]
            self.send(200, BLOB)
        elif first >= len(BLOB):
            self.send(416)
        else:
            self.send(206, BLOB[first : last + 1])

    def send(self, status: int, body: bytes = b"", location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.ranges = True  # type: ignore[attr-defined]
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield listening
        listening.shutdown()


@pytest.fixture
def registry(server: ThreadingHTTPServer) -> Iterator[Registry]:
    with Registry(f"127.0.0.1:{server.server_port}", insecure=True) as client:
        yield client


def name(tag: str = "1b") -> ModelName:
    return ModelName("registry.lan", "library", "model", tag)


def test_a_manifest_is_asked_for_in_the_form_that_models_have(registry: Registry) -> None:
    assert "manifest.v2+json" in json.loads(registry.manifest(name()))["accept"]


def test_a_blob_comes_in_pieces_from_where_the_registry_sends_us(registry: Registry) -> None:
    assert registry.blob(name(), DIGEST, 0, 7) == BLOB[:7]
    assert registry.blob(name(), DIGEST, 990, 100) == BLOB[990:]
    assert registry.blob(name(), DIGEST, 5000, 100) == b""


def test_a_registry_without_ranges_gives_the_beginning_and_no_more(
    server: ThreadingHTTPServer, registry: Registry
) -> None:
    server.ranges = False  # type: ignore[attr-defined]
    assert registry.blob(name(), DIGEST, 0, 7) == BLOB[:7]
    with pytest.raises(OllamaError, match="does not answer range requests"):
        registry.blob(name(), DIGEST, 7, 7)


def test_a_model_that_is_not_there_and_one_behind_a_login_are_told_apart(registry: Registry) -> None:
    with pytest.raises(OllamaError, match="does not have library/model:2b"):
        registry.manifest(name("2b"))
    with pytest.raises(OllamaError, match="wants a login"):
        registry.manifest(name("private"))


def test_a_registry_that_nobody_answers_for_is_unreachable() -> None:
    with Registry("127.0.0.1:1", insecure=True) as registry, pytest.raises(OllamaUnreachable, match="--insecure"):
        registry.manifest(name())
