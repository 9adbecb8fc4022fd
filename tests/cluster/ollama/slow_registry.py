"""A registry that is slow on purpose, counts every byte it sends, and can be killed: the way a line at home is.

It hands out what another registry holds, as Ollama wants it: the manifest itself, and blobs by a redirect to another
host name. Run it inside the cluster's network: `python slow_registry.py HOST PORT BLOBS_HOST UPSTREAM BLOBS LOG RATE`.
Each line of LOG is one piece that was sent: digest, offset, length.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

PIECE_BYTES = 128 << 10
MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json"


class Throttle:
    """Lets through so many bytes a second, over all connections together."""

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_at = time.monotonic()
        self._lock = threading.Lock()

    def wait(self, count: int) -> None:
        """Return when so many bytes may be sent."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._bytes_per_s
            wait_s = self._free_at - now
        time.sleep(max(0.0, wait_s))


class Slow(BaseHTTPRequestHandler):
    """Answers as a registry does; its settings are set by `serve`."""

    protocol_version = "HTTP/1.1"
    upstream = blobs_upstream = blobs_host = ""
    port = 0
    log_fd = -1
    throttle: Throttle

    def setup(self) -> None:
        # What waits in the socket's buffer counts as sent, so it is kept small.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)
        super().setup()

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        blob = re.fullmatch(r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})", self.path)
        if self.path.startswith("/bytes/"):
            self._send(self.path.removeprefix("/bytes/"))
        elif blob and body:
            self._head(
                307, {"Location": f"http://{self.blobs_host}:{self.port}/bytes/{blob[2]}", "Content-Length": "0"}
            )
        elif blob:
            self._head(200, {"Content-Length": str(self._size(blob[2]))})
        else:
            self._manifest(body=body)

    def _manifest(self, *, body: bool) -> None:
        found = httpx.get(self.upstream + self.path, headers={"Accept": MANIFESTS}, trust_env=False)
        content = found.content
        self._head(found.status_code, {"Content-Length": str(len(content)), "Content-Type": MANIFESTS})
        if body:
            self.wfile.write(content)

    def _send(self, digest: str) -> None:
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        asked = {"Range": f"bytes={first}-{last}"}
        with httpx.stream("GET", self._where(digest), headers=asked, trust_env=False, timeout=30) as found:
            span = f"bytes {first}-{last}/{self._size(digest)}"
            self._head(206, {"Content-Length": str(last - first + 1), "Content-Range": span})
            at = first
            for piece in found.iter_bytes(PIECE_BYTES):
                self.throttle.wait(len(piece))
                self.wfile.write(piece)
                os.write(self.log_fd, f"{digest} {at} {len(piece)}\n".encode())
                at += len(piece)

    def _where(self, digest: str) -> str:
        hexadecimal = digest.removeprefix("sha256:")
        return f"{self.blobs_upstream}/docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"

    def _size(self, digest: str) -> int:
        return int(httpx.head(self._where(digest), trust_env=False).headers["Content-Length"])

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class Quiet(ThreadingHTTPServer):
    """Says nothing of clients that hang up, which is what it is for."""

    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        pass


def serve(host: str, port: int, blobs_host: str, upstream: str, blobs: str, log: str, bytes_per_s: float) -> None:
    """Answer until the process is ended."""
    Slow.port, Slow.blobs_host = port, blobs_host
    Slow.upstream, Slow.blobs_upstream = upstream, blobs
    Slow.log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    Slow.throttle = Throttle(bytes_per_s)
    Quiet((host, port), Slow).serve_forever()


if __name__ == "__main__":
    host, port, blobs_host, upstream, blobs, log, rate = sys.argv[1:]
    serve(host, int(port), blobs_host, upstream, blobs, log, float(rate))
