from __future__ import annotations

import pytest

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.listing import collect

from .recorded import Json
from .stub import Stub

PATH = "/api/v1/pods"
EXPIRED = {"kind": "Status", "code": 410, "reason": "Expired", "message": "The provided continue parameter is too old"}


def page(*names: str, token: str = "") -> Json:
    return {"metadata": {"continue": token}, "items": [{"metadata": {"name": name}} for name in names]}


def names(cluster: Cluster) -> list[str]:
    return collect(cluster, "Pod", lambda one: one["metadata"]["name"], page=2)


def test_pages_follow_each_other_by_the_token_of_the_one_before(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 200, page("a", "b", token="t1+="))
    stub.answer(PATH, 200, page("c"))
    assert names(cluster) == ["a", "b", "c"]
    assert stub.requests == [f"GET {PATH}?limit=2", f"GET {PATH}?limit=2&continue=t1%2B%3D"]


def test_a_token_that_expired_begins_the_list_anew_in_one_piece_and_nothing_twice(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 200, page("a", "b", token="t"))
    stub.answer(PATH, 410, EXPIRED)
    stub.answer(PATH, 200, page("a", "b", "c"))
    assert names(cluster) == ["a", "b", "c"]
    assert stub.requests[-1] == f"GET {PATH}"


def test_a_list_that_expires_even_in_one_piece_is_an_error(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 410, EXPIRED)
    with pytest.raises(Refusal, match="410"):
        names(cluster)
    assert len(stub.requests) == 2


def test_an_empty_list_may_be_null(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 200, {"metadata": {}, "items": None})
    assert names(cluster) == []
