"""`runbook size` against the local cluster's registry and Ollama, which hold the real small model."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from runbook.cli import cli
from runbook.commands.local import state_folder
from runbook.local import Layout
from runbook.ollama import Ollama
from runbook.parameters import Parameters

SETTINGS = ("--context", "2048", "--kv-type", "q8_0", "--json")
REPORTED_BYTES = 456_991_232


def size(*arguments: str) -> dict[str, Any]:
    found = CliRunner().invoke(cli, ["size", *arguments, *SETTINGS])
    assert found.exit_code == 0, found.stderr
    [row] = json.loads(found.stdout)
    return dict(row)


@pytest.fixture
def _cluster_names(monkeypatch: pytest.MonkeyPatch, cluster: object) -> Iterator[None]:
    """The names of the cluster's registry, which only its own DNS has, lead to its node."""
    node = Layout(state_folder()).read("cluster.json")["link"]["node_address"]
    known = socket.getaddrinfo

    def resolve(host: Any, *rest: Any, **named: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        return known(node if str(text).endswith(".runbook.local") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield


@pytest.mark.usefixtures("_cluster_names")
def test_a_model_of_the_registry_is_sized_by_its_header_alone(parameters: Parameters) -> None:
    row = size(f"{parameters.registry}/gemma3:270m", "--target", "local")
    assert (row["source"], row["architecture"]) == ("registry", "gemma3")
    assert row["reported_bytes"] == REPORTED_BYTES


def test_a_model_of_a_running_ollama_is_sized_by_what_it_shows(ollama: Ollama) -> None:
    row = size("gemma3:270m", "--ollama", ollama.base_url)
    assert (row["source"], row["reported_bytes"]) == ("server", REPORTED_BYTES)
