"""Whether our measurement is right: against curl with the server's own durations, and the watch against the kernel.

On the local cluster, in a namespace of the benchmark's own. Our measurement and a plain curl
send the same prompts with the same options, in turn; the medians of decoding, of the prompt and of the wait are held
against each other, three times over. Then the watch: its peak of the process memory against what the kernel says of
the processes (`smaps_rollup`), its peak of all memory against the kernel's own, and what it costs the node.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from runbook import inference, karakeep, kubernetes, ollama
from runbook.errors import ClusterError
from runbook.inference.prompts import fresh_prompt
from runbook.inference.series import SAMPLING
from runbook.parameters import Parameters
from runbook.targets import load_target

GOAL_DIFFERENCE, GOAL_VARIATION, GOAL_PEAK, GOAL_CORES = 0.02, 0.05, 0.02, 0.02
PROMPT_TOKENS = 128
IDLE_S = 20.0
QUANTITIES = ("decode tok/s", "prompt tok/s", "wall s")
ROLLUP = "for p in /proc/[0-9]*; do grep ^Anonymous $p/smaps_rollup 2>/dev/null; done; true"


@dataclass(frozen=True)
class Bench:
    """What everything works with."""

    address: str
    server: ollama.Ollama
    model: str
    options: dict[str, Any]

    def request(self, prompt: str) -> dict[str, Any]:
        """The body that both sides send."""
        return {"model": self.model, "prompt": prompt, "raw": True, "options": self.options}

    def ours(self, prompt: str) -> tuple[float, ...]:
        """Decode and prompt speed and the wait, by our client."""
        answer = self.server.generate(self.request(prompt))
        speeds = answer.decode_tokens_per_second or 0.0, answer.prompt_tokens_per_second or 0.0
        return (*speeds, answer.wall_s)

    def curl(self, prompt: str) -> tuple[float, ...]:
        """The same by curl, from the server's last line and curl's own clock."""
        url = f"{self.address}/api/generate"
        command = ["curl", "-sS", "--noproxy", "*", "-w", "\\n%{time_total}", "-d", "@-", url]
        body = json.dumps(self.request(prompt))
        done = subprocess.run(command, input=body, capture_output=True, text=True, check=True)
        *lines, total = done.stdout.strip().splitlines()
        last = json.loads([line for line in lines if line][-1])
        decode = (last["eval_count"] - 1) / last["eval_duration"] * 1e9
        return decode, last["prompt_eval_count"] / last["prompt_eval_duration"] * 1e9, float(total)


def compared(bench: Bench, pairs: int) -> tuple[list[float], list[float]]:
    """Medians of both sides; the same prompt goes to both, with another between, so that neither finds it cached."""
    ours: list[tuple[float, ...]] = []
    peer: list[tuple[float, ...]] = []
    for number in range(pairs):
        prompt, between = fresh_prompt(PROMPT_TOKENS), fresh_prompt(32)
        sides: list[tuple[list[tuple[float, ...]], Callable[[str], tuple[float, ...]]]] = [
            (ours, bench.ours),
            (peer, bench.curl),
        ]
        for kept, ask in sides if number % 2 else reversed(sides):
            bench.server.generate({**bench.request(between), "options": {**bench.options, "num_predict": 1}})
            kept.append(ask(prompt))
    return _medians(ours), _medians(peer)


def _medians(rows: list[tuple[float, ...]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def watched(cluster: kubernetes.Cluster, parameters: Parameters, pod: str, bench: Bench) -> dict[str, float]:
    """The watch against the kernel from the pod's first minute on, and its cost while nothing else happens."""
    namespace = parameters.namespace
    before = _pod_cpu_s(cluster, namespace, pod)
    time.sleep(IDLE_S)
    idle = (_pod_cpu_s(cluster, namespace, pod) - before) / IDLE_S
    with inference.watch(cluster, namespace, pod, bench.server) as watcher:
        first, begun, ours = watcher.sample(), time.monotonic(), time.process_time()
        time.sleep(IDLE_S)
        own = (time.process_time() - ours) / (time.monotonic() - begun)
        last = watcher.sample()
        registry, insecure = parameters.registry, parameters.registry_insecure
        ollama.pull_model(bench.server, bench.model, registry=registry, insecure=insecure)
        for _ in range(3):
            bench.server.generate(bench.request(fresh_prompt(PROMPT_TOKENS)))
        seen = watcher.sample()
        rollup = kubernetes.exec_in_pod(cluster, namespace, pod, ["sh", "-c", ROLLUP])
        trace = watcher.trace()
    assert first and last and seen and first.cpu_s is not None and last.cpu_s is not None  # noqa: S101
    in_pod = (last.cpu_s - first.cpu_s) / (last.at_s - first.at_s) - idle
    return {
        "hertz": trace.hertz or 0.0,
        "anon_bytes": seen.anon_bytes or 0,
        "smaps_bytes": 1024 * sum(int(line.split()[1]) for line in rollup.splitlines()),
        "peak_bytes": trace.peak_bytes or 0,
        "kernel_peak_bytes": trace.kernel_peak_bytes or 0,
        "cores_here": own,
        "cores_in_pod": max(0.0, in_pod),
    }


def _pod_cpu_s(cluster: kubernetes.Cluster, namespace: str, pod: str) -> float:
    """CPU time of the pod, with one look."""
    from runbook.inference.sample import END, SCRIPT, parse_sample

    with kubernetes.talk(cluster, namespace, pod, ["sh", "-c", SCRIPT]) as command:
        return parse_sample(command.ask("", END), 0.0).cpu_s or 0.0


@contextmanager
def fresh(parameters: Parameters) -> Iterator[tuple[kubernetes.Cluster, str, Bench]]:
    """A server that has done nothing yet, in a namespace of the benchmark's own, which goes at the end."""
    cluster = kubernetes.connect(parameters)
    options = {**SAMPLING, **karakeep.consumer_options(parameters), "num_predict": parameters.measured_tokens}
    try:
        kubernetes.apply(cluster, kubernetes.load_manifests(parameters))
        kubernetes.wait_for_rollout(cluster, parameters.namespace, "ollama", 120)
        pod = kubernetes.ready_pod(cluster, parameters.namespace, "ollama", 11434).pod
        forward = kubernetes.port_forward(cluster, parameters.namespace, "ollama", 11434)
        with forward as address, ollama.Ollama(address) as server:
            yield cluster, pod, Bench(address, server, parameters.text_model, options)
    finally:
        with suppress(ClusterError):
            cluster.delete("Namespace", parameters.namespace)


def main() -> None:
    """Measure, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of five pairs instead of three of nine")
    chosen = parser.parse_args()
    asked = {"namespace": f"accuracy-{os.getpid()}", "cpu_request": "50m", "memory_request": "64Mi"}
    parameters = load_target("local", asked)
    with fresh(parameters) as (cluster, pod, bench):
        memory = watched(cluster, parameters, pod, bench)
        bench.ours(fresh_prompt(PROMPT_TOKENS))
        rounds = [compared(bench, 5 if chosen.quick else 9) for _ in range(1 if chosen.quick else 3)]
    report(rounds, memory)


def report(rounds: list[tuple[list[float], list[float]]], memory: dict[str, float]) -> None:
    """Print the figures."""
    print(f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}")
    print(f"{'medians':16}{'ours':>30}{'curl':>30}{'difference':>12}{'variation':>11}")
    figures: dict[str, Any] = {}
    for place, name in enumerate(QUANTITIES):
        ours, peer = [one[place] for one, _ in rounds], [other[place] for _, other in rounds]
        difference = statistics.median(ours) / statistics.median(peer) - 1
        variation = statistics.stdev(ours) / statistics.fmean(ours) if len(ours) > 1 else 0.0
        shown = [" ".join(f"{value:.3f}" for value in values) for values in (ours, peer)]
        print(f"{name:16}{shown[0]:>30}{shown[1]:>30}{difference:>+12.1%}{variation:>11.1%}")
        figures[name] = {"difference": difference, "variation": variation, "ours": ours, "curl": peer}
    anon = memory["anon_bytes"] / memory["smaps_bytes"] - 1 if memory["smaps_bytes"] else 1.0
    peak = memory["peak_bytes"] / memory["kernel_peak_bytes"] - 1 if memory["kernel_peak_bytes"] else 1.0
    cores = memory["cores_here"] + memory["cores_in_pod"]
    mib = 2**20
    print(f"watch: {memory['hertz']:.1f} samples a second; {memory['cores_here']:.2%} of a core here, "
          f"{memory['cores_in_pod']:.2%} in the pod")  # fmt: skip
    print(f"anon {memory['anon_bytes'] / mib:.1f} MiB, by smaps_rollup {memory['smaps_bytes'] / mib:.1f} MiB "
          f"({anon:+.1%}); peak {memory['peak_bytes'] / mib:.1f} MiB, by the kernel "
          f"{memory['kernel_peak_bytes'] / mib:.1f} MiB ({peak:+.1%})")  # fmt: skip
    same = all(abs(one["difference"]) <= GOAL_DIFFERENCE for one in figures.values())
    steady = all(one["variation"] <= GOAL_VARIATION for one in figures.values())
    met = same and steady and abs(anon) <= GOAL_PEAK and abs(peak) <= GOAL_PEAK and cores <= GOAL_CORES
    goal = {"difference": GOAL_DIFFERENCE, "variation": GOAL_VARIATION, "peak": GOAL_PEAK, "cores": GOAL_CORES}
    print(json.dumps({"benchmark": "measure_accuracy", "figures": {**figures, **memory}, "goal": goal, "met": met}))


if __name__ == "__main__":
    main()
