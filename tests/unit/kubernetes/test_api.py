from __future__ import annotations

import pickle

import pytest

from runbook.errors import ClusterUnreachable
from runbook.kubernetes.api import Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.kubeconfig import load

from .conftest import WriteKubeconfig
from .stub import Stub

BUSY = {"kind": "Status", "code": 503, "reason": "ServiceUnavailable"}
PATH = "/api/v1/namespaces/ai"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook.kubernetes.api.RETRY_AFTER_S", (0.01, 0.01))


def test_a_busy_server_is_asked_again(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 503, BUSY)
    stub.answer(PATH, 200, {"metadata": {"name": "ai"}})
    assert cluster.get("Namespace", "ai") == {"metadata": {"name": "ai"}}
    assert len(stub.requests) == 2


def test_a_server_that_stays_busy_is_quoted_in_the_end(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 503, BUSY)
    with pytest.raises(Refusal, match="503 ServiceUnavailable"):
        cluster.get("Namespace", "ai")
    assert len(stub.requests) == 3


def test_a_refusal_is_not_asked_again_and_keeps_the_words_of_the_server(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 403, {"kind": "Status", "reason": "Forbidden", "message": "namespaces is forbidden"})
    with pytest.raises(Refusal) as caught:
        cluster.get("Namespace", "ai")
    assert caught.value.why == "namespaces is forbidden"
    assert "rbac.yaml" in caught.value.next
    assert len(stub.requests) == 1


def test_an_absent_object_is_none(cluster: Cluster) -> None:
    assert cluster.get("Namespace", "absent") is None


def test_a_refusal_that_is_not_json_is_quoted_by_its_beginning(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 502, b"bad gateway")
    with pytest.raises(Refusal) as caught:
        cluster.get("Namespace", "ai")
    assert caught.value.message == "bad gateway"


def test_warnings_are_read_from_the_headers(stub: Stub, cluster: Cluster) -> None:
    warning = '299 - "would violate PodSecurity \\"restricted:latest\\": seccompProfile"'
    stub.answer(PATH, 200, {}, Warning=warning)
    reply = cluster.apply({"kind": "Namespace", "metadata": {"name": "ai"}}, dry_run=True)
    assert reply.warnings == ('would violate PodSecurity "restricted:latest": seccompProfile',)


def test_an_apply_never_takes_fields_of_others_and_names_our_manager(stub: Stub, cluster: Cluster) -> None:
    stub.answer(PATH, 200, {})
    cluster.apply({"kind": "Namespace", "metadata": {"name": "ai"}})
    assert stub.requests == [f"PATCH {PATH}?fieldManager=ollama-runbook&force=false&fieldValidation=Strict"]


def test_a_server_that_is_gone_is_unreachable(kubeconfig: WriteKubeconfig) -> None:
    gone = Cluster("home", "", "", "", load((kubeconfig("http://127.0.0.1:1"),), "home"))
    with pytest.raises(ClusterUnreachable, match="did not answer GET") as caught:
        gone.get("Namespace", "ai")
    assert "Connection refused" in caught.value.why


def test_a_refusal_survives_pickling() -> None:
    refusal = Refusal("GET /x", 403, {"reason": "Forbidden", "message": "no"})
    again = pickle.loads(pickle.dumps(refusal))  # noqa: S301
    assert (str(again), again.code) == (str(refusal), 403)
