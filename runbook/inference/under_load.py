"""The pod while the model works: whether its probes pass, and whether its memory stays within the limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from runbook.checks import Check
from runbook.errors import OllamaError, RunbookError
from runbook.inference.prompts import fresh_prompt
from runbook.inference.thorough import memory_check
from runbook.inference.watcher import watch
from runbook.karakeep import KEEP_ALIVE, consumer_options
from runbook.kubernetes import Cluster
from runbook.ollama import Ollama
from runbook.parameters import Parameters

PROBES_PASS = "The probes pass under inference load"  # noqa: S105 - no password
LOAD_S = 4.0
EVERY_S = 0.5
PROMPT_TOKENS, ANSWER_TOKENS = 512, 64


def verify_under_load(
    ollama: Ollama, cluster: Cluster, parameters: Parameters, pod: str, *, seconds: float = LOAD_S
) -> tuple[Check, ...]:
    """Let the text model work, and watch what the kubelet's probes ask for, the pod's readiness and its memory.

    Args:
        ollama: The server.
        cluster: The cluster.
        parameters: The target.
        pod: Name of the server's pod.
        seconds: How long the model works.

    Raises:
        OllamaError: The server does not have the model.
        OllamaUnreachable: The server does not answer.
    """
    ollama.load(parameters.text_model, consumer_options(parameters), KEEP_ALIVE)
    timeout_s, before = _probe(cluster, parameters.namespace, pod)
    waits_s: list[float] = []
    unready = 0
    with watch(cluster, parameters.namespace, pod, ollama) as watcher, _working(ollama, parameters) as rounds:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or not rounds:
            waits_s.append(_waits(ollama))
            unready += not _is_ready(cluster, parameters.namespace, pod)
            if time.monotonic() > deadline + parameters.job_timeout_s:
                break
            time.sleep(EVERY_S)
        trace = watcher.trace()
    _, after = _probe(cluster, parameters.namespace, pod)
    late = sum(wait > timeout_s for wait in waits_s)
    evidence = (
        f"over {seconds:g} s with {len(rounds)} answers: slowest of {len(waits_s)} short calls {max(waits_s):.2f} s, "
        f"the probes allow {timeout_s:g} s; not ready {unready} times; {after - before} restarts"
    )
    passing = not late and not unready and after == before
    hint = "Lower cpu_limit below what the node has, or give the probes more time: 91_troubleshoot, section Probes."
    return Check.that(PROBES_PASS, passing, evidence, hint), memory_check(parameters.text_model, trace)


@contextmanager
def _working(ollama: Ollama, parameters: Parameters) -> Iterator[list[float]]:
    """The model answers one question after the other meanwhile; yields how long each took, in seconds."""
    rounds: list[float] = []
    ended = threading.Event()

    def work() -> None:
        with Ollama(ollama.base_url, timeout_s=parameters.job_timeout_s) as own:
            while not ended.is_set():
                begun = time.monotonic()
                options = {**consumer_options(parameters), "num_predict": ANSWER_TOKENS}
                request = {"model": parameters.text_model, "prompt": fresh_prompt(PROMPT_TOKENS), "raw": True}
                # A weak model may repeat itself until the server stops it; the CPU was busy all the same.
                with suppress(OllamaError):
                    own.generate({**request, "options": options, "keep_alive": KEEP_ALIVE})
                rounds.append(time.monotonic() - begun)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield rounds
    finally:
        ended.set()
        thread.join(parameters.job_timeout_s)


def _waits(ollama: Ollama) -> float:
    """Seconds until the server says its version, which costs it as little as the page that the probes ask for."""
    begun = time.monotonic()
    try:
        ollama.version()
    except OllamaError:
        return float("inf")
    return time.monotonic() - begun


def _statuses(cluster: Cluster, namespace: str, pod: str) -> list[dict[str, object]]:
    found = cluster.get("Pod", pod, namespace) or {}
    return list((found.get("status") or {}).get("containerStatuses") or ())


def _is_ready(cluster: Cluster, namespace: str, pod: str) -> bool:
    try:
        statuses = _statuses(cluster, namespace, pod)
    except RunbookError:
        return True  # the API server that is busy says nothing about the pod
    return bool(statuses) and all(one.get("ready") for one in statuses)


def _probe(cluster: Cluster, namespace: str, pod: str) -> tuple[float, int]:
    """The shortest timeout of the pod's running probes, in seconds, and its restarts until now."""
    found = cluster.get("Pod", pod, namespace) or {}
    containers = (found.get("spec") or {}).get("containers") or [{}]
    probes = (containers[0].get(name) for name in ("readinessProbe", "livenessProbe"))
    timeouts = [float(one.get("timeoutSeconds", 1)) for one in probes if one]
    restarts = sum(int(str(one.get("restartCount", 0))) for one in _statuses(cluster, namespace, pod))
    return min(timeouts, default=1.0), restarts
