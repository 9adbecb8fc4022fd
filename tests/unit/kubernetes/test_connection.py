from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook.errors import ClusterUnreachable, ContextError
from runbook.kubernetes.connection import connect
from runbook.parameters import Parameters

from .conftest import WriteKubeconfig
from .stub import Stub

VERSION = {"gitVersion": "v1.36.3"}
SYSTEM = {"metadata": {"name": "kube-system", "uid": "1234"}}


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def healthy(stub: Stub, kubeconfig: WriteKubeconfig) -> Stub:
    stub.answer("/version", 200, VERSION)
    stub.answer("/api/v1/namespaces/kube-system", 200, SYSTEM)
    kubeconfig(stub.url)
    return stub


def test_the_title_says_which_cluster_it_is(healthy: Stub, parameters: Parameters) -> None:
    assert connect(parameters).title == f"context home, server {healthy.url}, Kubernetes v1.36.3, UID 1234"


def test_the_credentials_do_not_show_in_the_cluster_as_text(healthy: Stub, parameters: Parameters) -> None:
    assert "letmein" not in repr(connect(parameters))


@pytest.mark.usefixtures("healthy")
def test_another_cluster_than_the_target_names_is_refused(parameters: Parameters) -> None:
    with pytest.raises(ContextError, match="another cluster") as caught:
        connect(parameters.model_copy(update={"cluster_uid": "9999"}))
    assert "1234" in caught.value.why
    assert "9999" in caught.value.why


@pytest.mark.usefixtures("healthy")
def test_the_cluster_that_the_target_names_is_accepted(parameters: Parameters) -> None:
    assert connect(parameters.model_copy(update={"cluster_uid": "1234"})).uid == "1234"


def test_when_the_uid_may_not_be_read_then_a_target_without_one_connects(
    stub: Stub, kubeconfig: WriteKubeconfig, parameters: Parameters
) -> None:
    stub.answer("/version", 200, VERSION)
    stub.answer("/api/v1/namespaces/kube-system", 403, {"kind": "Status", "reason": "Forbidden"})
    kubeconfig(stub.url)
    assert "UID unknown" in connect(parameters).title
    with pytest.raises(ContextError):
        connect(parameters.model_copy(update={"cluster_uid": "1234"}))


def test_when_nothing_listens_then_that_is_said_at_once(kubeconfig: WriteKubeconfig, parameters: Parameters) -> None:
    kubeconfig("https://127.0.0.1:1")
    with pytest.raises(ClusterUnreachable, match="nothing listens there") as caught:
        connect(parameters)
    assert "Connection refused" in caught.value.why


def test_when_the_name_cannot_be_resolved_then_that_is_said(
    kubeconfig: WriteKubeconfig, parameters: Parameters
) -> None:
    kubeconfig("https://no-such-host.invalid:6443")
    with pytest.raises(ClusterUnreachable, match="name cannot be resolved"):
        connect(parameters)


def test_when_the_server_is_silent_then_the_wait_ends_within_seconds(
    deaf: int, kubeconfig: WriteKubeconfig, parameters: Parameters
) -> None:
    kubeconfig(f"http://127.0.0.1:{deaf}")
    started = time.monotonic()
    with pytest.raises(ClusterUnreachable, match="does not answer"):
        connect(parameters)
    assert time.monotonic() - started < 20


def test_when_the_server_does_not_speak_tls_then_that_is_said(
    stub: Stub, kubeconfig: WriteKubeconfig, parameters: Parameters
) -> None:
    kubeconfig(stub.url.replace("http://", "https://"))
    with pytest.raises(ClusterUnreachable, match="does not speak TLS"):
        connect(parameters)


def test_when_the_login_is_not_accepted_then_the_kubeconfig_is_named(
    stub: Stub, kubeconfig: WriteKubeconfig, parameters: Parameters
) -> None:
    stub.answer("/version", 401, {"kind": "Status", "reason": "Unauthorized"})
    path = kubeconfig(stub.url)
    with pytest.raises(ContextError, match="does not accept the login") as caught:
        connect(parameters)
    assert str(path) in caught.value.why


def test_when_something_else_answers_then_it_is_quoted(
    stub: Stub, kubeconfig: WriteKubeconfig, parameters: Parameters
) -> None:
    stub.answer("/version", 200, b"<html>Welcome to the router</html>")
    kubeconfig(stub.url)
    with pytest.raises(ClusterUnreachable, match="not the API of Kubernetes") as caught:
        connect(parameters)
    assert "Welcome to the router" in caught.value.why


def test_a_proxy_of_the_environment_does_not_lead_calls_away(
    healthy: Stub, parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert connect(parameters).version == "v1.36.3"


def test_when_the_cluster_is_away_and_a_proxy_is_set_then_it_is_said_that_it_is_not_used(
    kubeconfig: WriteKubeconfig, parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    kubeconfig("https://127.0.0.1:1")
    with pytest.raises(ClusterUnreachable) as caught:
        connect(parameters)
    assert "HTTPS_PROXY is set, but is not used" in caught.value.why


def test_when_the_proxy_of_the_kubeconfig_is_away_then_it_is_named_without_its_password(
    kubeconfig: WriteKubeconfig, parameters: Parameters
) -> None:
    kubeconfig("https://10.0.0.1:6443", **{"proxy-url": "http://me:hidden@127.0.0.1:1"})
    with pytest.raises(ClusterUnreachable, match=r"proxy-url http://127\.0\.0\.1:1") as caught:
        connect(parameters)
    assert "hidden" not in str(caught.value)


def test_a_login_program_that_never_ends_is_not_waited_for(
    kubeconfig: WriteKubeconfig, parameters: Parameters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runbook.kubernetes.connection.LOGIN_TIMEOUT_S", 0.2)
    program = tmp_path / "login"
    program.write_text("#!/bin/sh\nexec sleep 3\n")
    program.chmod(0o755)
    login = {"exec": {"command": str(program), "apiVersion": "client.authentication.k8s.io/v1"}}
    kubeconfig("https://127.0.0.1:1", user=login)
    with pytest.raises(ContextError, match="did not end"):
        connect(parameters)
