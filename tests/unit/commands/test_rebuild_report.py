import json
from dataclasses import replace

from runbook.commands.output import print_json
from runbook.commands.rebuild_report import as_object, in_words
from runbook.kubernetes import Cluster
from runbook.parameters import Parameters

CLUSTER = Cluster("home", "https://10.0.0.1:6443", "uid", "v1.36.3", configuration={"password": "hunter2"})


def test_a_failed_run_says_why_each_failed_check_and_where_it_is_kept(failed_run):
    assert list(in_words(failed_run)) == [
        "Failed: 1 of 4 steps succeeded, checks: 2 passed, 1 failed, in 1 min 05 s.",
        "Why: 05_verify: check failed: Text model answers",
        "Check failed: Text model answers",
        "  evidence: no tags in the answer",
        "  next: open 91_troubleshoot",
        "Not started: 06_measure, 07_report",
        "Run: outputs/home/run",
        "Index: outputs/home/run/index.html",
    ]


def test_a_good_run_is_short(failed_run):
    good = replace(failed_run, verdict="succeeded", reason="", steps=failed_run.steps[1:2])
    assert list(in_words(good)) == [
        "Succeeded: 1 of 1 step succeeded, checks: 1 passed, in 1 min 05 s.",
        "Run: outputs/home/run",
        "Index: outputs/home/run/index.html",
    ]


def test_the_object_for_scripts_has_the_same_and_no_credentials(failed_run, capsys):
    print_json(as_object(Parameters(target="home", context="home"), CLUSTER, failed_run))
    printed = capsys.readouterr().out
    found = json.loads(printed)
    assert (found["target"], found["verdict"], found["folder"]) == ("home", "failed", "outputs/home/run")
    assert found["cluster"]["uid"] == "uid"
    assert [step["outcome"] for step in found["steps"]] == [
        "not selected", "succeeded", "failed", "not started", "not started",
    ]  # fmt: skip
    assert found["steps"][2]["failed_cell"]["number"] == 3
    assert found["steps"][2]["checks"][1]["hint"] == "open 91_troubleshoot"
    assert "hunter2" not in printed
