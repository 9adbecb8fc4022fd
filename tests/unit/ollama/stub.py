"""A stub of the Ollama API, for the failures that a real server cannot be made to show on demand.

Each endpoint has a queue of replies; the last one stays. What was asked is kept.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What an endpoint sends: lines of JSON, or text as it is."""

    lines: tuple[Any, ...] = ()
    status: int = 200
    first_byte_s: float = 0.0
    gap_s: float = 0.0
    closes_early: bool = False


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    body: Any


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that hangs up is part of the tests."""


class Stub:
    """A server on a free port of the loopback."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self._replies: dict[str, list[Reply]] = {}
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self) -> None:
                stub._respond(self)

            do_GET = do_POST = do_DELETE = do_HEAD = respond  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.on("/api/version", {"version": "0.15.6"})
        self.on("/api/tags", {"models": []})
        self.on("/api/ps", {"models": []})
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def on(self, path: str, *lines: Any, **how: Any) -> None:
        """Reply so to every request from now on."""
        self._replies[path] = [Reply(lines, **how)]

    def then(self, path: str, *lines: Any, **how: Any) -> None:
        """Reply so after the reply before it has been sent once."""
        self._replies.setdefault(path, []).append(Reply(lines, **how))

    def asked(self, path: str) -> list[Any]:
        """The bodies of the requests to a path, in order."""
        return [request.body for request in self.requests if request.path == path]

    def holds(self, *names: str) -> None:
        """Let `/api/tags` list models of these names."""
        self.on("/api/tags", tags(*names))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _respond(self, handler: BaseHTTPRequestHandler) -> None:
        content = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self._lock:
            self.requests.append(Asked(handler.command, handler.path, json.loads(content) if content else None))
            queue = self._replies.get(handler.path, [Reply(({"error": "no such path"},), 404)])
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
        time.sleep(reply.first_byte_s)
        handler.send_response(reply.status)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        _send(handler, reply)


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    try:
        for line in reply.lines:
            data = (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n"
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            handler.wfile.flush()
            time.sleep(reply.gap_s)
        if reply.closes_early:
            handler.close_connection = True
        else:
            handler.wfile.write(b"0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):
        handler.close_connection = True  # the client has hung up, as some tests mean it to


def tags(*names: str) -> dict[str, Any]:
    """What `/api/tags` says of models of these names."""
    details = {"family": "gemma3", "quantization_level": "Q4_K_M", "parameter_size": "268.10M"}
    digest = "a6897dfac7f673e591a9e46c8ba05906eea8a5ec9eef6702733329c7fea54561"
    return {"models": [{"name": name, "digest": digest, "size": 253_113_294, "details": details} for name in names]}


def layer(digest: str, completed: int, total: int) -> dict[str, Any]:
    """A line of a pull about a layer."""
    return {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": total, "completed": completed}


def words(*pieces: str) -> list[dict[str, Any]]:
    """The lines of an answer that bring its text."""
    return [{"response": piece, "done": False} for piece in pieces]


def done(**more: Any) -> dict[str, Any]:
    """The last line of an answer."""
    counts = {"prompt_eval_count": 185, "eval_count": 12, "eval_duration": 1_000_000_000}
    times = {"total_duration": 2_000_000_000, "load_duration": 150_000_000, "prompt_eval_duration": 800_000_000}
    return {"response": "", "done": True, "done_reason": "stop", **counts, **times, **more}
