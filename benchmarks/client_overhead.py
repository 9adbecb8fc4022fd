"""What our client of Ollama costs: long streams through it against the same streams through httpx alone.

A server on the loopback sends 5,000 tokens of an answer and 20,000 lines of a pull as fast as they are taken. The peer
reads the same lines with httpx and parses each as JSON, which any client has to do. CPU time of the reading process
counts, not the time of day; each side runs in turn, and its memory is that of the Python objects alive at most.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import threading
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection

import httpx

from runbook.ollama import Ollama

GOAL_RATIO = 1.1
# What a stream ten times as long may need beyond the short one: the text of its answer, and noise.
GOAL_GROWTH_BYTES = 1 << 20
TOKENS, LINES = 5_000, 20_000
LAYER = "sha256:" + "ab" * 32
PIECE_LINES = 50


def lines_of(path: str, count: int) -> list[bytes]:
    """The lines of an answer or of a pull, as Ollama writes them."""
    if path == "/api/generate":
        word = {"model": "m:1b", "created_at": "2026-11-25T07:04:13.123456789Z", "response": " word", "done": False}
        counts = {"prompt_eval_count": 185, "eval_count": count, "total_duration": 2_000_000_000}
        times = {"load_duration": 150_000_000, "prompt_eval_duration": 800_000_000, "eval_duration": 1_000_000_000}
        # Different words, since a client looks out for one that is repeated.
        words = [{**word, "response": f" word{number % 7}"} for number in range(count - 1)]
        return [_line(one) for one in words] + [_line({**word, "done": True, "done_reason": "stop", **counts, **times})]
    layer = {"status": "pulling abababababab", "digest": LAYER, "total": count, "completed": 0}
    moving = [_line({**layer, "completed": number}) for number in range(count - 1)]
    return [*moving, _line({"status": "success"})]


def _line(event: dict[str, object]) -> bytes:
    return json.dumps(event).encode() + b"\n"


class Handler(BaseHTTPRequestHandler):
    """Sends the stream that the path names; the number of lines is in the model's name."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer with the whole stream, some lines in each chunk."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        lines = lines_of(self.path, int(asked["model"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(lines), PIECE_LINES):
            piece = b"".join(lines[at : at + PIECE_LINES])
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(told: Connection) -> None:
    """Answer on a free port, which is told, until the process is ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.recv()


def ours_answer(url: str, count: int) -> None:
    """An answer through our client."""
    with Ollama(url) as client:
        assert client.generate({"model": str(count), "prompt": "x"}).output_tokens == count  # noqa: S101


def ours_pull(url: str, count: int) -> None:
    """A pull through our client."""
    with Ollama(url) as client:
        for progress in client.pull(str(count)):
            last = progress
        assert last.percent == 100  # noqa: S101


def raw(path: str) -> Callable[[str, int], None]:
    """The same stream through httpx alone, each line parsed."""

    def read(url: str, count: int) -> None:
        with (
            httpx.Client(base_url=url, trust_env=False) as client,
            client.stream("POST", path, json={"model": str(count)}, timeout=60) as response,
        ):
            for line in response.iter_lines():
                json.loads(line)

    return read


CASES: tuple[tuple[str, int, Callable[[str, int], None], Callable[[str, int], None]], ...] = (
    (f"{TOKENS:,} tokens", TOKENS, ours_answer, raw("/api/generate")),
    (f"{LINES:,} lines of a pull", LINES, ours_pull, raw("/api/pull")),
)


def cpu_s(call: Callable[[], None]) -> float:
    """CPU time of a call, in seconds."""
    gc.collect()
    begun = time.process_time()
    call()
    return time.process_time() - begun


def peak_bytes(call: Callable[[], None]) -> int:
    """The most memory that Python objects took during a call."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def measured(url: str, repetitions: int) -> list[dict[str, float]]:
    """CPU time of each side and case, in turn, and the growth of memory with ten times the length."""
    found = []
    for _, count, ours, peer in CASES:
        pairs = []
        for number in range(repetitions + 1):
            pair = cpu_s(partial(ours, url, count)), cpu_s(partial(peer, url, count))
            if number:  # the first one imports and warms up
                pairs.append(pair)
        short, long = peak_bytes(partial(ours, url, count // 10)), peak_bytes(partial(ours, url, count))
        found.append(
            {
                "ours_s": statistics.median(one for one, _ in pairs),
                "peer_s": statistics.median(other for _, other in pairs),
                "ratio": statistics.median(one / other for one, other in pairs),
                "short_bytes": short,
                "long_bytes": long,
            }
        )
    return found


def main() -> None:
    """Measure, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three repetitions instead of fifteen")
    chosen = parser.parse_args()
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        found = measured(f"http://127.0.0.1:{ours.recv()}", 3 if chosen.quick else 15)
    finally:
        server.kill()
    report(found)


def report(found: list[dict[str, float]]) -> None:
    """Print the figures."""
    print(f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}, httpx {httpx.__version__}")
    print(f"{'CPU time, medians':24}{'ours':>10}{'httpx':>10}{'ratio':>8}{'memory':>12}{'of a tenth':>12}")
    for (name, *_), row in zip(CASES, found, strict=True):
        times = f"{1000 * row['ours_s']:>7.0f} ms{1000 * row['peer_s']:>7.0f} ms{row['ratio']:>8.2f}"
        print(f"{name:24}{times}{row['long_bytes'] / 1024:>8.0f} KiB{row['short_bytes'] / 1024:>8.0f} KiB")
    worst = max(row["ratio"] for row in found)
    growth = max(row["long_bytes"] - row["short_bytes"] for row in found)
    print(f"ratio at most {worst:.2f}, {GOAL_RATIO} wanted; memory grows by at most {growth / 1024:.0f} KiB")
    figures = {name: row for (name, *_), row in zip(CASES, found, strict=True)}
    met = worst <= GOAL_RATIO and growth <= GOAL_GROWTH_BYTES
    print(json.dumps({"benchmark": "client_overhead", "figures": figures, "goal": {"ratio": GOAL_RATIO}, "met": met}))


if __name__ == "__main__":
    main()
