from __future__ import annotations

from runbook.kubernetes.drifting import LiveObject, recorded_objects

CHANGE = {"kind": "Service", "name": "ollama", "namespace": "ai", "after_digest": "sha256:1"}


def test_a_run_that_kept_the_objects_is_read_as_it_kept_them() -> None:
    kept = {"kind": "Service", "name": "ollama", "namespace": "ai", "digest": "sha256:1", "body": {"spec": {}}}
    found = recorded_objects({"03_apply": {"objects": [kept], "changes": [CHANGE]}})
    assert found == (LiveObject("Service", "ollama", "ai", "sha256:1", {"spec": {}}),)


def test_an_older_run_is_read_by_its_changes_without_the_claim_that_was_still_to_be_bound() -> None:
    claim = {**CHANGE, "kind": "PersistentVolumeClaim"}
    found = recorded_objects({"03_apply": {"changes": [CHANGE, claim]}})
    assert [one.kind for one in found] == ["Service"]


def test_a_run_without_an_apply_kept_nothing() -> None:
    assert recorded_objects({"01_hardware": {"hardware": {}}}) == ()
