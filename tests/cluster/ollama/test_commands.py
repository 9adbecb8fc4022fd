from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from runbook.cli import cli
from runbook.errors import Exit
from runbook.ollama import Ollama
from runbook.parameters import Parameters


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def there(deployed: Parameters, mirror: str) -> tuple[str, ...]:
    """The options that lead to the tests' own server."""
    return ("-p", f"namespace={deployed.namespace}")


@pytest.mark.usefixtures("ollama")
def test_a_pull_of_what_is_there_says_so_and_holds_it_against_the_catalogue(
    there: tuple[str, ...], local: Parameters
) -> None:
    found = json.loads(run("pull", "local", *there, "-p", "registry=127.0.0.1:9/library", "--json").stdout)
    (pulled,), (identity,) = found["pulled"], found["identities"]
    assert (pulled["name"], pulled["already_present"], pulled["bytes_transferred"]) == (local.text_model, True, 0)
    assert identity["digest"] == pulled["digest"]
    assert "of the size in the catalogue" in identity["words"]
    assert found["volume"]["free_bytes"] > 0


def test_a_pull_leaves_one_line_for_each_layer(there: tuple[str, ...], ollama: Ollama, local: Parameters) -> None:
    ollama.delete(local.text_model)
    result = run("pull", "local", *there)
    assert result.exit_code == 0
    layers = [line for line in result.stderr.splitlines() if line.startswith(local.text_model)]
    assert len([line for line in layers if "running" not in line]) == 2
    assert local.text_model in result.stdout


@pytest.mark.usefixtures("ollama")
def test_a_mirror_that_nobody_serves_fails_with_what_it_means(there: tuple[str, ...]) -> None:
    result = run("mirror", "local", "127.0.0.1:9/library", *there, "--insecure", "-p", "pull_timeout_s=2")
    assert result.exit_code == Exit.FAILED
    said = " ".join(result.stderr.split())
    assert "was not pushed" in said
    assert "the registry cannot be reached" in said
