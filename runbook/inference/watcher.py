"""Watching a pod while something is done to it: ten looks a second at its cgroup, beside `/api/ps` and the metrics API.

One command in the pod answers a line with a sample for as long as the watch lasts; without lines it costs nothing, and
it ends with the connection.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from runbook.errors import RunbookError
from runbook.hardware import parse_quantity
from runbook.inference.sample import END, SCRIPT, WHOLE, Sample, parse_sample
from runbook.inference.trace import Slow, Trace, phases_of
from runbook.kubernetes import Cluster, node_metrics, pod_memory, pod_metrics, talk
from runbook.kubernetes.talk import Talk
from runbook.ollama import Ollama

EVERY_S = 0.1
SLOW_EVERY_S = 2.0
# How long to wait for a sample that is younger than the question.
FRESH_WITHIN_S = 2.0


class Watcher:
    """A watch; made by `watch`.

    Args:
        every_s: Seconds between two samples.
    """

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._began = time.monotonic()
        self._samples: list[Sample] = []
        self._whole: Sample | None = None
        self._slow: list[Slow] = []
        self._marks: list[tuple[str, float]] = []
        self._fresh = threading.Condition()
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._because = ""
        self.limit_bytes: int | None = None

    @property
    def now_s(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self._began

    def phase(self, name: str) -> None:
        """Say that something else begins."""
        self._marks.append((name, self.now_s))

    def sample(self) -> Sample | None:
        """A sample that is younger than the call, with the node's figures; None where the watch has ended."""
        asked = self.now_s
        self._wanted.set()

        def younger() -> bool:
            return self._whole is not None and self._whole.at_s > asked

        with self._fresh:
            self._fresh.wait_for(lambda: self._is_over() or younger(), FRESH_WITHIN_S)
            return self._whole if younger() else None

    def trace(self) -> Trace:
        """Everything that was seen so far."""
        samples = tuple(self._samples)
        until_s = samples[-1].at_s if samples else 0.0
        marks = [(name, min(at, until_s)) for name, at in self._marks]
        return Trace(samples, phases_of(samples, marks, until_s), tuple(self._slow), self.limit_bytes, self._because)

    def _is_over(self) -> bool:
        return self._ended.is_set() or bool(self._because)

    def _look(self, command: Talk) -> None:
        """Take samples until the end; the last thread's word if it cannot."""
        due = time.monotonic()
        try:
            while not self._ended.is_set():
                whole = self._wanted.is_set()
                self._wanted.clear()
                sample = parse_sample(command.ask(WHOLE if whole else "", END), self.now_s)
                with self._fresh:
                    self._samples.append(sample)
                    self._whole = sample if whole else self._whole
                    self._fresh.notify_all()
                due = max(due + self._every_s, time.monotonic())
                self._wanted.wait(max(0.0, due - time.monotonic()))
        except RunbookError as error:
            self._because = f"{error.what} {error.why}"
        with self._fresh:
            self._fresh.notify_all()

    def _look_slowly(self, cluster: Cluster, namespace: str, pod: str, node: str, server: Ollama | None) -> None:
        while not self._ended.wait(SLOW_EVERY_S):
            try:
                loaded = [model.size_bytes for model in server.ps()] if server else None
                found = [one.memory_bytes for one in pod_metrics(cluster, namespace) if one.pod == pod]
                whole = [
                    int(parse_quantity(one["usage"]["memory"]))
                    for one in node_metrics(cluster) or ()
                    if one["metadata"]["name"] == node
                ]
            except RunbookError:
                continue
            reported = sum(loaded) if loaded is not None else None
            self._slow.append(Slow(self.now_s, reported, sum(found) if found else None, whole[0] if whole else None))

    def _end(self) -> None:
        self._ended.set()
        self._wanted.set()


@contextmanager
def watch(
    cluster: Cluster, namespace: str, pod: str, server: Ollama | None = None, every_s: float = EVERY_S
) -> Iterator[Watcher]:
    """Watch a pod for as long as the block runs; a watch that fails ends early, and says so in its trace.

    Args:
        cluster: The cluster.
        namespace: Namespace of the pod.
        pod: Its name.
        server: Ollama in it, for `/api/ps`.
        every_s: Seconds between two samples.

    Raises:
        ClusterError: The pod does not run, or has no shell.
    """
    watcher = Watcher(every_s)
    watcher.limit_bytes = pod_memory(cluster, namespace, pod).limit_bytes
    node = ((cluster.get("Pod", pod, namespace) or {}).get("spec") or {}).get("nodeName", "")
    with talk(cluster, namespace, pod, ["sh", "-c", SCRIPT]) as command:
        threads = [
            threading.Thread(target=watcher._look, args=(command,), name="memory", daemon=True),
            threading.Thread(
                target=watcher._look_slowly, args=(cluster, namespace, pod, node, server), name="metrics", daemon=True
            ),
        ]
        for thread in threads:
            thread.start()
        try:
            yield watcher
        finally:
            watcher._end()
            for thread in threads:
                thread.join(10.0)
