"""The verbs that change a cluster, compare it and judge it, as a person calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from runbook.kubernetes import Cluster
from runbook.record import only_run, read_journal

pytestmark = pytest.mark.cluster

PROGRAM = [sys.executable, "-m", "runbook"]
MERGE = "application/merge-patch+json"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def space(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace that does not exist yet."""
    name = f"test-{token_hex(4)}"
    yield name
    cluster.delete("Namespace", name)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def run(space: str, outputs: Path) -> Run:
    """Calls a verb on the local target, in a namespace of the tests."""
    values = {"namespace": space, "cpu_request": "50m", "memory_request": "64Mi"}
    overrides = [part for name, value in values.items() for part in ("-p", f"{name}={value}")]
    environment = {**os.environ, "RUNBOOK_OUTPUTS": str(outputs)}

    def call(verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, verb, "local", *overrides, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
        )

    return call


@pytest.fixture(scope="module")
def applied(run: Run) -> subprocess.CompletedProcess[str]:
    done = run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    return done


def test_without_anybody_to_ask_nothing_is_applied(run: Run, cluster: Cluster, outputs: Path) -> None:
    other = run("apply", "-p", "consumer_namespace=nobody")
    assert other.returncode == 2
    assert "Say --yes" in other.stderr
    assert "create     Namespace" in other.stdout


def test_an_apply_shows_the_plan_with_its_sums_then_each_object_and_then_what_the_pod_waits_for(
    applied: subprocess.CompletedProcess[str],
) -> None:
    assert "limits.memory: 2.00 GiB needed + 0.00 GiB used by others, 2.25 GiB allowed by ollama" in applied.stdout
    assert applied.stdout.splitlines()[-1].startswith("6 objects changed; pod ollama-")
    assert "create     Deployment ollama" in applied.stderr
    assert "waiting for its probes" in applied.stderr


def test_a_second_apply_changes_nothing_says_so_and_asks_nobody(
    run: Run, applied: subprocess.CompletedProcess[str]
) -> None:
    again = run("apply")
    assert again.returncode == 0
    assert "Nothing would change." in again.stdout
    assert again.stdout.splitlines()[-1].startswith("Nothing was changed; pod ollama-")


def test_every_change_is_in_the_journal_of_the_lab(outputs: Path, applied: subprocess.CompletedProcess[str]) -> None:
    events = read_journal(outputs / "local" / "lab" / "journal.jsonl").events
    made = [event.fields["change"]["kind"] for event in events if event.name == "change"]
    assert made[:6] == [
        "Namespace",
        "ResourceQuota",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Service",
        "Deployment",
    ]


def test_while_another_changes_the_target_a_verb_refuses_and_names_it(
    run: Run, outputs: Path, applied: subprocess.CompletedProcess[str]
) -> None:
    with only_run(outputs / "local"):
        refused = run("apply", "--yes")
    assert refused.returncode == 2
    assert f"process {os.getpid()}" in refused.stderr


def test_drift_is_status_one_with_the_field_and_who_set_it(
    run: Run, cluster: Cluster, space: str, applied: subprocess.CompletedProcess[str]
) -> None:
    assert run("drift").returncode == 0
    path = f"/apis/apps/v1/namespaces/{space}/deployments/ollama"
    body = {"spec": {"revisionHistoryLimit": 3}}
    cluster.request("PATCH", path, body=body, content_type=MERGE, query={"fieldManager": "neighbour"})
    drifted = run("drift", "--json")
    assert drifted.returncode == 1
    found: dict[str, Any] = json.loads(drifted.stdout)
    assert found["drifted"]
    assert "spec.revisionHistoryLimit (set by neighbour" in found["objects"][-1]["added"][0]


def test_drift_from_a_run_that_is_not_there_is_wrong_usage(run: Run, applied: object) -> None:
    assert run("drift", "20990101T000000Z-0000").returncode == 2


def test_the_audit_of_what_runs_holds_and_has_every_rule_for_a_script(run: Run, applied: object) -> None:
    judged = run("audit", "--json")
    assert judged.returncode == 0, judged.stdout
    found = json.loads(judged.stdout)
    assert found["holds"]
    assert len(found["findings"]) == 25
    assert {one["verdict"] for one in found["findings"]} <= {"passed", "accepted", "noted"}


def test_an_audit_that_fails_is_status_one_with_the_line(run: Run, applied: object) -> None:
    judged = run("audit", "--manifests", "-p", "environment={API_KEY2: hunter2}")
    assert judged.returncode == 2  # a secret does not even become a parameter
    judged = run("audit", "--manifests", "-p", "accepted_deviations={}")
    assert judged.returncode == 1
    assert "below the limit 2Gi (manifests/ai/ollama-deployment.yaml:" in judged.stdout


def test_a_rollback_says_first_what_it_removes_then_removes_it_and_leaves_a_record(
    run: Run, cluster: Cluster, space: str, outputs: Path, applied: object
) -> None:
    dry = run("rollback", "--dry-run", "--remove-data")
    assert "deleted with every model on it" in dry.stdout
    assert dry.stdout.endswith("Nothing was removed.\n")
    assert cluster.get("Deployment", "ollama", space) is not None
    assert run("rollback").returncode == 2
    done = run("rollback", "--yes", "--json")
    assert done.returncode == 0
    assert {one["kind"] for one in json.loads(done.stdout)["removed"]} == {
        "Deployment",
        "Service",
        "NetworkPolicy",
        "ResourceQuota",
    }
    assert cluster.get("PersistentVolumeClaim", "ollama-models", space) is not None
    events = read_journal(outputs / "local" / "lab" / "journal.jsonl").events
    assert [event.name for event in events[-6:]] == ["verbStarted", *["change"] * 4, "verbFinished"]


def test_only_the_targets_own_namespace_may_be_named_for_removal(run: Run) -> None:
    refused = run("rollback", "--remove-data", "--remove-namespace", "kube-system")
    assert refused.returncode == 2
    assert "takes the name of the target's namespace" in refused.stderr
