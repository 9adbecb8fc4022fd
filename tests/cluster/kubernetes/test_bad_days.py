"""An API server that fails, restarts or does not know the login any more, while something is under way."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from ruamel.yaml import YAML

from runbook.errors import ApplyRefused, ClusterUnreachable, ContextError
from runbook.kubernetes import Cluster, Refusal, apply, connect, plan, wait_for_rollout
from runbook.parameters import Parameters

from .accounts import as_account
from .conftest import Deploy
from .failing_proxy import Told, failing
from .refusals import asleep
from .surroundings import eventually


@pytest.fixture
def through(cluster: Cluster) -> Iterator[tuple[Cluster, Told]]:
    with failing(cluster) as pair:
        yield pair


@pytest.mark.parametrize("failures", [[429], [503, 503], [0], [429, 0, 503]])
def test_an_apply_goes_on_over_a_server_that_is_busy_or_breaks_off(
    through: tuple[Cluster, Told], parameters: Parameters, namespace: str, failures: list[int]
) -> None:
    flaky, told = through
    target = parameters.model_copy(update={"namespace": namespace})
    told.failures = list(failures)
    apply(flaky, asleep(target))
    assert told.failures == []
    assert plan(flaky, asleep(target)).is_empty


def test_an_error_of_the_server_stops_an_apply_and_says_how_far_it_came(
    through: tuple[Cluster, Told], parameters: Parameters, namespace: str
) -> None:
    flaky, told = through
    target = parameters.model_copy(update={"namespace": namespace})

    def fail_after(change: Any) -> None:
        if change.kind == "NetworkPolicy":
            told.failures = [500]

    with pytest.raises(ApplyRefused, match="500") as caught:
        apply(flaky, asleep(target), fail_after)
    assert "Applied before it: Namespace" in caught.value.what
    assert "NetworkPolicy ollama" in caught.value.what


def test_a_rollout_is_waited_for_through_errors_of_the_server(
    through: tuple[Cluster, Told], cluster: Cluster, namespace: str, deploy: Deploy
) -> None:
    flaky, told = through
    deploy(namespace, "sound")
    told.failures = [500, 500, 0, 0, 0, 0, 502]
    said: list[str] = []
    assert wait_for_rollout(flaky, namespace, "sound", 60.0, said.append).pod
    assert any("the API server does not answer" in line for line in said)


def test_a_server_that_stays_away_is_said_to_when_the_time_is_over(
    through: tuple[Cluster, Told], namespace: str, deploy: Deploy
) -> None:
    flaky, told = through
    deploy(namespace, "sound", lambda spec, pod, container: container.update(image="UPPER:case"))
    told.failures = [0] * 1000
    with pytest.raises(ClusterUnreachable):
        wait_for_rollout(flaky, namespace, "sound", 2.0)


def test_a_login_that_is_not_accepted_any_more_ends_a_wait_at_once(
    through: tuple[Cluster, Told], namespace: str, deploy: Deploy
) -> None:
    flaky, told = through
    deploy(namespace, "sound", lambda spec, pod, container: container.update(image="UPPER:case"))
    told.failures = [401] * 1000
    with pytest.raises(Refusal, match="401") as caught:
        wait_for_rollout(flaky, namespace, "sound", 60.0)
    assert "The login has expired" in caught.value.next


def test_a_stale_write_is_nobodys_fault_and_is_to_be_repeated(
    through: tuple[Cluster, Told], parameters: Parameters, namespace: str
) -> None:
    flaky, told = through
    target = parameters.model_copy(update={"namespace": namespace})
    told.failures = []
    manifests = asleep(target)
    apply(flaky, manifests)
    manifests[-1].body["metadata"]["resourceVersion"] = "1"
    with pytest.raises(ApplyRefused) as caught:
        plan(flaky, manifests)
    assert caught.value.cause == "D01"
    assert "nothing is wrong" in caught.value.next


Write = Any


@pytest.fixture
def kubeconfig(cluster: Cluster, tmp_path: Path) -> Write:
    """Writes a kubeconfig for the local cluster with a login of the test's own."""

    def write(user: dict[str, Any]) -> Parameters:
        authority = base64.b64encode(Path(cluster.configuration.ssl_ca_cert).read_bytes()).decode()
        server = {"server": cluster.server, "certificate-authority-data": authority}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
        }
        file = tmp_path / "kubeconfig"
        YAML().dump(content, file)
        return Parameters(target="mine", context="mine", kubeconfig=str(file))

    return write


def token_of(account: Cluster) -> str:
    token: str = account.configuration.api_key["BearerToken"]
    return token


def test_a_token_whose_account_is_gone_is_an_expired_login(cluster: Cluster, namespace: str, kubeconfig: Write) -> None:
    with as_account(cluster, namespace, "gone") as account:
        target = kubeconfig({"token": token_of(account)})
    assert connect(target).version == cluster.version
    cluster.delete("ServiceAccount", "gone", namespace)

    def refused() -> ContextError | None:
        try:
            connect(target).close()
        except ContextError as error:
            return error
        return None

    error = eventually(refused)
    assert "does not accept the login" in error.what
    assert "Log in again" in error.next


def test_a_login_program_of_the_kubeconfig_is_asked_for_the_token(
    cluster: Cluster, namespace: str, kubeconfig: Write, tmp_path: Path
) -> None:
    with as_account(cluster, namespace, "by-program") as account:
        kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
        credential = json.dumps({**kind, "status": {"token": token_of(account)}})
    program = tmp_path / "login"
    program.write_text(f"#!/bin/sh\ncat <<'EOT'\n{credential}\nEOT\n")
    program.chmod(0o700)
    asked = {"apiVersion": kind["apiVersion"], "command": str(program), "interactiveMode": "Never"}
    assert connect(kubeconfig({"exec": asked})).version == cluster.version


def test_a_proxy_of_the_environment_is_not_used_for_the_cluster(
    parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    connected = connect(parameters)
    assert connected.list("Node")
    connected.close()


@pytest.mark.skipif(
    not os.environ.get("RUNBOOK_DISTURB"), reason="RUNBOOK_DISTURB is not set: others share the cluster"
)
def test_a_restart_of_the_api_server_in_the_middle_of_a_rollout_is_waited_out(
    cluster: Cluster, parameters: Parameters, namespace: str, deploy: Deploy
) -> None:
    def slow(spec: Any, pod: Any, container: Any) -> None:
        container["readinessProbe"]["initialDelaySeconds"] = 4

    deploy(namespace, "sound", slow)
    (server,) = [one for one in psutil.process_iter(["name"]) if one.info["name"] == "kube-apiserver"]
    killer = threading.Timer(0.5, server.send_signal, [signal.SIGKILL])
    killer.start()
    assert wait_for_rollout(cluster, namespace, "sound", 90.0).pod
    killer.join()
    assert not server.is_running()  # the wait went on with another one
