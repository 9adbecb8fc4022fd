from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from runbook.inference import Watcher, conditions, watch
from runbook.kubernetes import Cluster, exec_in_pod, ready_pod
from runbook.ollama import Ollama
from runbook.parameters import Parameters

SHORT = {"num_ctx": 512, "num_predict": 4}
ROLLUP = "for p in /proc/[0-9]*; do grep ^Anonymous $p/smaps_rollup 2>/dev/null; done; true"
# The command that takes the samples has what it looks for among its arguments; so has this one, which spares itself.
KILL = (
    "for p in /proc/[0-9]*; do grep -q inactive_file $p/cmdline && [ $p != /proc/$$ ] && kill ${p#/proc/}; done; true"
)

pytestmark = pytest.mark.skipif("RUNBOOK_TEST_OLLAMA" in os.environ, reason="needs the deployed server")


@pytest.fixture
def pod(cluster: Cluster, deployed: Parameters) -> str:
    return ready_pod(cluster, deployed.namespace, "ollama", 11434).pod


@pytest.fixture
def watcher(cluster: Cluster, deployed: Parameters, pod: str, ollama: Ollama) -> Iterator[Watcher]:
    with watch(cluster, deployed.namespace, pod, ollama) as watching:
        yield watching


def test_loading_a_model_shows_in_the_memory_of_the_processes(
    watcher: Watcher, ollama: Ollama, local: Parameters, cluster: Cluster, deployed: Parameters, pod: str
) -> None:
    ollama.unload(local.text_model)
    watcher.phase("idle")
    before = watcher.sample()
    watcher.phase("load")
    ollama.load(local.text_model, SHORT)
    after = watcher.sample()
    rollup = exec_in_pod(cluster, deployed.namespace, pod, ["sh", "-c", ROLLUP])
    trace = watcher.trace()
    assert before and after and before.anon_bytes and after.anon_bytes
    assert after.anon_bytes - before.anon_bytes > 253_113_024  # the file's tensors, at least
    processes = 1024 * sum(int(line.split()[1]) for line in rollup.splitlines())
    assert abs(after.anon_bytes / processes - 1) < 0.05
    idle, load = trace.phases
    assert idle.anon_peak_bytes is not None and load.anon_peak_bytes is not None
    assert idle.anon_peak_bytes < load.anon_peak_bytes <= deployed_limit(trace.limit_bytes)
    assert trace.ended_because == ""


def deployed_limit(limit_bytes: int | None) -> int:
    assert limit_bytes is not None
    return limit_bytes


def test_what_the_pod_used_between_two_samples_is_known(watcher: Watcher, ollama: Ollama, local: Parameters) -> None:
    before = watcher.sample()
    ollama.generate({"model": local.text_model, "prompt": "One, two,", "raw": True, "options": SHORT})
    found = conditions(before, watcher.sample())
    assert found.pod_cores is not None and found.pod_cores > 0.1
    assert found.node_cores == os.cpu_count()


def test_a_pod_that_goes_ends_the_watch_and_not_the_measurement(
    cluster: Cluster, deployed: Parameters, pod: str
) -> None:
    with watch(cluster, deployed.namespace, pod) as watching:
        assert watching.sample() is not None
        exec_in_pod(cluster, deployed.namespace, pod, ["sh", "-c", KILL])
        assert watching.sample() is None
    assert "cannot be asked" in watching.trace().ended_because
