from typing import Any

from runbook.views import events, objects


def pod(**status: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "ollama-1", "namespace": "ai"}, "status": status}


def test_a_healthy_pod_has_nothing_wrong() -> None:
    ready = {"type": "Ready", "status": "True"}
    (row,) = objects([pod(phase="Running", conditions=[ready], containerStatuses=[{"restartCount": 0}])]).rows
    assert row == {"kind": "Pod", "name": "ai/ollama-1", "state": "Running, 0 restarts", "what is wrong": "nothing"}


def test_a_waiting_container_says_why() -> None:
    waiting = {"name": "ollama", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    (row,) = objects([pod(phase="Running", containerStatuses=[waiting])]).rows
    assert row["what is wrong"] == "ollama is waiting: CrashLoopBackOff"


def test_a_condition_that_is_bad_when_true_is_bad_only_then() -> None:
    conditions = [
        {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "no network"},
        {"type": "DiskPressure", "status": "True", "reason": "Full"},
        {"type": "MemoryPressure", "status": "False"},
    ]
    node = {"kind": "Node", "metadata": {"name": "one"}, "status": {"conditions": conditions}}
    (row,) = objects([node]).rows
    assert row["state"] == "not Ready"
    assert row["what is wrong"] == "Ready is False (KubeletNotReady: no network); DiskPressure is True (Full)"


def test_a_quota_shows_used_against_hard() -> None:
    quota = {
        "kind": "ResourceQuota",
        "metadata": {"name": "ollama", "namespace": "ai"},
        "status": {"hard": {"pods": "2", "limits.cpu": "4"}, "used": {"pods": "1"}},
    }
    assert objects([quota]).rows[0]["state"] == "pods 1 of 2,\nlimits.cpu 0 of 4"


def test_an_object_that_is_not_there_is_no_row() -> None:
    assert repr(objects([None])) == "none"


def test_events_stand_with_the_newest_first_whichever_field_has_the_time() -> None:
    old = {"reason": "Pulled", "lastTimestamp": "2026-01-01T00:00:00Z", "involvedObject": {"kind": "Pod", "name": "a"}}
    new = {"reason": "Scheduled", "eventTime": "2026-01-01T00:00:01.123456Z", "lastTimestamp": None}
    rows = events([old, new]).rows
    assert [row["reason"] for row in rows] == ["Scheduled", "Pulled"]
    assert rows[0]["at"] == "00:00:01Z"
    assert rows[1]["object"] == "Pod a"
