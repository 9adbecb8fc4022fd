from __future__ import annotations

from decimal import Decimal

import pytest

from runbook.errors import ApplyRefused
from runbook.kubernetes.manifests import load_manifests
from runbook.kubernetes.quota import QuotaRoom, quota_room, require_room
from runbook.parameters import Parameters

from .recorded import Json, Recorded, thing

LIMITS = {"limits": {"cpu": "1", "memory": "1Gi"}}


def pod(name: str, labels: dict[str, str], phase: str = "Running") -> Json:
    containers = [{"name": "x", "resources": LIMITS}]
    return thing("Pod", name, metadata={"labels": labels}, spec={"containers": containers}, status={"phase": phase})


def rooms(parameters: Parameters, *objects: Json) -> dict[tuple[str, str], QuotaRoom]:
    found = quota_room(Recorded(list(objects)), load_manifests(parameters), "ai")  # type: ignore[arg-type]
    return {(room.quota, room.resource): room for room in found}


def test_the_quota_of_the_manifests_has_room_for_the_pod_of_the_manifests(parameters: Parameters) -> None:
    found = rooms(parameters)
    assert found["ollama", "limits.memory"].needed == Decimal(6 << 30)
    assert all(room.left >= 0 for room in found.values())
    require_room(found.values())


def test_the_pod_that_is_replaced_does_not_count_and_others_do(parameters: Parameters) -> None:
    own = pod("ollama-1", {"app.kubernetes.io/name": "ollama"})
    done = pod("done", {}, phase="Succeeded")
    found = rooms(parameters, own, done, pod("guest", {}))
    assert found["ollama", "pods"].others == 1
    # A request that is not stated is the limit.
    assert found["ollama", "requests.memory"].others == Decimal(1 << 30)


def test_a_quota_of_somebody_else_without_room_is_refused_with_the_sum(parameters: Parameters) -> None:
    theirs = thing("ResourceQuota", "theirs", spec={"hard": {"limits.memory": "6Gi", "count/secrets": "1"}})
    found = rooms(parameters, theirs, pod("guest", {}))
    with pytest.raises(ApplyRefused, match=r"no room for it: .*limits\.memory") as caught:
        require_room(found.values())
    assert "6.00 GiB needed + 1.00 GiB used by others, 6.00 GiB allowed by theirs, -1.00 GiB left" in caught.value.why
    assert ("theirs", "count/secrets") not in found


def test_where_quotas_may_not_be_read_nothing_is_said_of_them(parameters: Parameters) -> None:
    blind = Recorded(forbidden={"ResourceQuota"})
    assert quota_room(blind, load_manifests(parameters), "ai") == ()  # type: ignore[arg-type]
