"""A proxy before the real API server that fails as it is told: with a status, or by breaking the connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from runbook.kubernetes import Cluster


@dataclass
class Told:
    """What goes wrong next.

    Attributes:
        failures: What each of the next requests gets: a status, or 0 for a broken connection.
        every: Every so-manieth request breaks as well; 0 for none.
        seen: Every request.
    """

    failures: list[int] = field(default_factory=list)
    every: int = 0
    seen: list[str] = field(default_factory=list)

    def next(self, request: str) -> int | None:
        self.seen.append(request)
        if self.failures:
            return self.failures.pop(0)
        return 503 if self.every and len(self.seen) % self.every == 0 else None


@contextmanager
def failing(cluster: Cluster) -> Iterator[tuple[Cluster, Told]]:
    """The cluster through the proxy, and what the proxy is told."""
    told = Told()
    upstream = cluster.api_client()

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            failure = told.next(f"{self.command} {self.path}")
            if failure == 0:
                self.connection.close()
                return
            if failure:
                self.reply(failure, {}, json.dumps({"kind": "Status", "reason": "Injected", "code": failure}).encode())
                return
            headers = {name: self.headers[name] for name in ("Accept", "Content-Type") if self.headers.get(name)}
            url = upstream.configuration.host + self.path
            answer = upstream.rest_client.pool_manager.request(self.command, url, headers=headers, body=body)
            self.reply(answer.status, {"Warning": answer.headers.get("Warning", "")}, answer.data)

        def reply(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = pass_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    configuration: Any = type(cluster.configuration)()
    configuration.host = f"http://127.0.0.1:{server.server_address[1]}"
    configuration.proxy = configuration.no_proxy = None
    through = replace(cluster, configuration=configuration)
    try:
        yield through, told
    finally:
        through.close()
        server.shutdown()
        thread.join()
        server.server_close()
        upstream.rest_client.close()
