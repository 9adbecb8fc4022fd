from __future__ import annotations

from typing import Any

import pytest

from runbook.kubernetes.origin import ORIGIN, origin_of, with_origin

OURS = {"app.kubernetes.io/managed-by": "ollama-runbook"}
BY_US = {"manager": "ollama-runbook", "operation": "Apply"}
BY_HAND = {"manager": "kubectl-create", "operation": "Update"}


def live(kind: str, **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", **metadata}}


@pytest.mark.parametrize(
    ("found", "origin"),
    [
        (None, "created"),
        (live("Service"), "adopted"),
        (live("Service", labels=OURS), "created"),
        (live("Service", labels=OURS, annotations={ORIGIN: "adopted"}), "adopted"),
        (live("Namespace", labels=OURS, managedFields=[BY_US]), "created"),
        (live("Namespace", labels=OURS, managedFields=[BY_HAND, BY_US]), "adopted"),
        (live("Namespace", labels=OURS), "adopted"),
        (live("Namespace", managedFields=[BY_HAND], annotations={ORIGIN: "created"}), "created"),
        (live("Namespace", annotations={ORIGIN: "whatever"}), "adopted"),
    ],
)
def test_what_was_there_before_is_told_apart_from_what_was_made_here(found: dict[str, Any] | None, origin: str) -> None:
    assert origin_of(found) == origin


def test_the_origin_is_sent_along_and_the_manifest_stays_as_it_is() -> None:
    body: dict[str, Any] = {"kind": "Service", "metadata": {"name": "x", "annotations": {"a": "b"}}}
    assert with_origin(body, None)["metadata"]["annotations"] == {"a": "b", ORIGIN: "created"}
    assert body["metadata"]["annotations"] == {"a": "b"}
