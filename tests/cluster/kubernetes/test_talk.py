from __future__ import annotations

import time

import pytest

from runbook.errors import ClusterError
from runbook.kubernetes import Cluster, exec_in_pod, model_volume, pod_environment, ready_pod, talk
from runbook.parameters import Parameters

ECHO = ["sh", "-c", 'while read -r line; do [ "$line" = end ] && exit 3; echo "$line $line"; echo .; done']
MARK = "talked-to-by-tests"


@pytest.fixture(scope="module")
def pod(cluster: Cluster, deployed: Parameters) -> str:
    return ready_pod(cluster, deployed.namespace, "ollama", 11434).pod


def test_a_command_answers_line_by_line(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    with talk(cluster, deployed.namespace, pod, ECHO) as command:
        assert [command.ask(f"{number}", ".") for number in range(50)] == [f"{n} {n}\n" for n in range(50)]


def test_a_command_that_ended_cannot_be_asked(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    with talk(cluster, deployed.namespace, pod, ECHO) as command, pytest.raises(ClusterError, match="cannot be asked"):
        command.ask("end", ".")


def test_a_command_that_does_not_answer_is_given_up(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    with (
        talk(cluster, deployed.namespace, pod, ["sh", "-c", "read -r line; sleep 30"]) as command,
        pytest.raises(ClusterError, match=r"cannot be asked") as caught,
    ):
        command.ask("", ".", timeout_s=0.5)
    assert "did not answer in time" in caught.value.why


def test_nothing_stays_in_the_pod_when_the_connection_ends(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    listed = ["sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null; echo; done"]
    with talk(cluster, deployed.namespace, pod, [*ECHO, MARK]) as command:
        command.ask("there", ".")
        assert MARK in exec_in_pod(cluster, deployed.namespace, pod, listed)
    deadline = time.monotonic() + 10
    while MARK in exec_in_pod(cluster, deployed.namespace, pod, listed):
        assert time.monotonic() < deadline, "the command is still there"
        time.sleep(0.2)


def test_the_volume_of_the_models_has_a_size_and_room(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    volume = model_volume(cluster, deployed.namespace, pod)
    assert volume is not None
    assert 0 < volume.free_bytes <= volume.size_bytes


def test_the_pods_environment_keeps_what_broken_pulls_leave(cluster: Cluster, deployed: Parameters, pod: str) -> None:
    assert pod_environment(cluster, deployed.namespace, pod)["OLLAMA_NOPRUNE"] == "1"
