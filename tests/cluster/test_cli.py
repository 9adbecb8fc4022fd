"""The command line against the real local cluster."""

import json
import subprocess
import sys

import pytest

from runbook.targets import load_target

pytestmark = pytest.mark.cluster

PROGRAM = [sys.executable, "-m", "runbook"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> None:
    started = run("local", "up")
    assert started.returncode == 0, started.stderr


def test_the_status_of_a_ready_cluster_is_good():
    status = run("local", "status", "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["ready"]


def test_a_plan_names_the_cluster_first_and_changes_nothing():
    first, again = run("plan", "local"), run("plan", "local")
    assert first.returncode == 0
    assert first.stdout.startswith(f"context {load_target('local').context}, server https://")
    assert first.stdout == again.stdout


def test_a_plan_for_scripts_has_each_object_and_no_credentials():
    printed = run("plan", "local", "--json").stdout
    found = json.loads(printed)
    assert {"Namespace", "Deployment", "Service", "PersistentVolumeClaim"} <= {one["kind"] for one in found["changes"]}
    assert set(found["cluster"]) == {"context", "server", "uid", "version"}


def test_a_survey_shows_the_node_and_what_is_free_for_a_model():
    shown = run("survey", "local", "--no-probe").stdout
    assert "free for a model" in shown
    assert "unknown: CPU model, instruction sets, swap and memory bandwidth" in shown
    (node,) = json.loads(run("survey", "local", "--no-probe", "--json").stdout)["survey"]["nodes"]
    assert 0 < node["memory_free_for_model_bytes"] < node["memory_installed_bytes"]
    assert node["machine"] is None


def test_a_survey_measures_the_node_and_says_which_suits_the_model():
    said = json.loads(run("survey", "local", "--json").stdout)
    (node,), (place,) = said["survey"]["nodes"], said["placements"]
    assert node["machine"]["threads"] == node["cpus"]
    assert node["machine"]["bandwidth"]["gb_per_s"]["median"] > 0
    assert (place["node"], place["rank"]) == (node["name"], 1)


@pytest.mark.parametrize("verb", ["plan", "survey"])
def test_another_cluster_than_the_target_names_is_refused(verb):
    refused = run(verb, "local", "-p", "cluster_uid=00000000-0000-0000-0000-000000000000")
    assert refused.returncode == 2
    assert "another cluster" in refused.stderr


def test_a_rebuild_names_the_cluster_on_its_first_line_and_ends_with_where_it_is_kept(tmp_path):
    done = run("rebuild", "local", "--only", "01", "--outputs", str(tmp_path))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert lines[0].startswith(f"context {load_target('local').context}, server https://")
    assert lines[1].startswith("Succeeded: 1 of 1 step succeeded")
    assert lines[-1].startswith(f"Index: {tmp_path}/local/")
    assert "[1/1] 01_" in done.stderr
