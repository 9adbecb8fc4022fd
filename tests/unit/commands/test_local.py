import json
import sys

import pytest
from click.testing import CliRunner, Result

from runbook.cli import cli
from runbook.errors import Exit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local cluster runs on Linux only")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A state and a cache of the test's own: nothing here may touch a cluster that is in use."""
    monkeypatch.setattr("runbook.commands.local.state_folder", lambda: tmp_path / ".local")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["local", *arguments])


def test_the_status_without_a_cluster_is_not_good():
    result = run("status")
    assert result.exit_code == Exit.FAILED
    assert result.stdout.startswith("there is no local cluster\n")


def test_the_status_for_scripts_is_one_object():
    found = json.loads(run("status", "--json").stdout)
    assert (found["running"], found["ready"], found["programs"]) == (False, False, {})


def test_nothing_is_deleted_where_nobody_can_be_asked(tmp_path):
    (tmp_path / ".local").mkdir()
    result = run("clean")
    assert result.exit_code == Exit.USAGE
    assert "Add --yes." in result.stderr
    assert (tmp_path / ".local").is_dir()


def test_stopping_what_does_not_run_is_harmless():
    assert run("down").exit_code == Exit.GOOD
