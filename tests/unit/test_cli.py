import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from runbook import __version__
from runbook.cli import VERBS, cli, ended
from runbook.errors import ClusterUnreachable, Exit, ParameterError, StepFailed

PROGRAM = [sys.executable, "-m", "runbook"]
ALL_VERBS = [(verb.name,) for verb in VERBS] + [("local", name) for name in ("up", "status", "down", "clean", "build")]
ALL_VERBS += [("karakeep", "lint"), ("karakeep", "check"), ("karakeep", "derive")]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def target(folder: Path, port: int, context: str = "home") -> str:
    """A target file whose kubeconfig leads to a port of this machine."""
    (folder / "kubeconfig").write_text(
        json.dumps({
            "apiVersion": "v1", "kind": "Config", "users": [{"name": "me", "user": {}}],
            "clusters": [{"name": "home", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
            "contexts": [{"name": "home", "context": {"cluster": "home", "user": "me"}}], "current-context": "home",
        })
    )  # fmt: skip
    path = folder / "home.yaml"
    path.write_text(f"context: {context}\nkubeconfig: {folder}/kubeconfig\n")
    return str(path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("verb", [(), *ALL_VERBS], ids=" ".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_explains_every_option_the_statuses_and_ends_with_commands_to_paste(verb, option):
    result = run(*verb, option)
    assert result.exit_code == 0
    options = re.search(r"\nOptions:\n(.*?)\n\n", result.stdout, re.DOTALL)
    assert options
    assert all(re.search(r"\S  +\S|^ {10,}\S", line) for line in options[1].splitlines())
    assert "Exit status:\n  0 " in result.stdout
    *_, comment, command = result.stdout.splitlines()
    assert comment.startswith("  # ")
    assert "runbook" in command
    assert 2 <= result.stdout.count("\n  # ") <= 3


@pytest.mark.parametrize("verb", ALL_VERBS, ids=" ".join)
def test_every_verb_has_a_short_line_in_the_list(verb):
    listing = run(*verb[:-1], "-h").stdout
    assert re.search(rf"^  {verb[-1]} +\S.*[^.]\.$", listing, re.MULTILINE)


def test_every_example_is_a_command_that_can_be_parsed():
    for verb in [(), *ALL_VERBS]:
        for line in run(*verb, "-h").stdout.partition("Examples:")[2].splitlines():
            words = line.partition("runbook ")[2].partition("|")[0].split()
            if words and not line.lstrip().startswith("#"):
                assert cli.get_command(click.Context(cli), words[0])


def test_the_version_is_printed():
    assert run("--version").stdout == f"runbook {__version__}\n"


def test_a_misspelt_verb_is_refused_with_the_nearest():
    result = run("rebuld")
    assert result.exit_code == Exit.USAGE
    assert "Did you mean 'rebuild'?" in result.stderr


def test_a_misspelt_option_is_refused_with_the_nearest():
    result = run("parameters", "--jsn")
    assert result.exit_code == Exit.USAGE
    assert "Did you mean '--json'?" in result.stderr


@pytest.mark.parametrize("verb", ["rebuild", "plan", "survey"])
def test_an_unknown_target_is_refused_with_the_nearest(verb):
    result = run(verb, "homelap")
    assert result.exit_code == Exit.USAGE
    assert result.stderr.startswith("Error: There is no target named 'homelap'.\nWhy: the nearest is homelab")
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("verb", ["rebuild", "plan", "survey"])
@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("memory_limit=8GB", "command line: memory_limit is '8GB'"),
        ("memroy_limit=8Gi", "the nearest is memory_limit"),
        ("memory_limit", "is not of the form name=value"),
        ("=8Gi", "is not of the form name=value"),
    ],
)
def test_a_wrong_override_is_refused(verb, override, said):
    result = run(verb, "homelab", "-p", override)
    assert result.exit_code == Exit.USAGE
    assert said in result.stderr


def test_an_override_given_twice_is_refused():
    result = run("plan", "homelab", "-p", "namespace=a", "-p", "namespace=b")
    assert result.exit_code == Exit.USAGE
    assert "namespace is given twice" in result.stderr


@pytest.mark.parametrize("verb", ["rebuild", "plan", "survey"])
def test_an_unknown_context_is_refused_with_the_nearest(verb, tmp_path):
    result = run(verb, target(tmp_path, free_port(), context="hone"))
    assert result.exit_code == Exit.USAGE
    assert "There is no context hone" in result.stderr
    assert "home" in result.stderr


@pytest.mark.parametrize("verb", ["rebuild", "plan", "survey"])
def test_a_cluster_that_nobody_serves_is_unreachable(verb, tmp_path):
    result = run(verb, target(tmp_path, free_port()))
    assert result.exit_code == Exit.UNREACHABLE
    assert "Why: " in result.stderr
    assert "Next: " in result.stderr


@pytest.mark.parametrize("option", ["--only", "--from"])
def test_a_step_that_is_not_there_is_refused_before_the_cluster_is_looked_for(option, tmp_path):
    result = run("rebuild", target(tmp_path, free_port()), option, "77", "--outputs", str(tmp_path / "outputs"))
    assert result.exit_code == Exit.USAGE
    assert "There is no step 77" in result.stderr
    assert not (tmp_path / "outputs").exists()


def test_a_cluster_that_is_not_reached_leaves_no_run(tmp_path):
    run("rebuild", target(tmp_path, free_port()), "--outputs", str(tmp_path / "outputs"))
    assert not (tmp_path / "outputs").exists()


def test_the_targets_are_listed():
    listing = run("targets").stdout
    assert re.search(r"^homelab +homelab +three 16 GB nodes", listing, re.MULTILINE)
    assert [item["name"] for item in json.loads(run("targets", "--json").stdout)["targets"]] == ["homelab", "local"]


def test_the_parameters_are_listed_one_to_a_line():
    lines = run("parameters").stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("memory_limit ")]
    assert re.match(r"memory_limit +str +bytes +a quantity .*6Gi +memory limit of the pod", line)
    described = json.loads(run("parameters", "--json").stdout)["parameters"]
    assert len(described) == len(lines) - 1
    assert described[0].keys() == {"name", "type", "unit", "bounds", "default", "meaning"}


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (ParameterError("a"), 2),
        (ClusterUnreachable("a"), 3),
        (StepFailed("a"), 1),
        (click.UsageError("a"), 2),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (ZeroDivisionError(), 70),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_verb_raises_decides_the_exit_status(raised, status, capsys):
    def verb() -> None:
        raise raised

    assert ended(verb) == status
    assert capsys.readouterr().err


def test_what_a_verb_returns_is_the_exit_status():
    assert ended(lambda: Exit.FAILED) == 1
    assert ended(lambda: None) == 0


def test_an_error_says_what_why_and_next(capsys):
    def verb() -> None:
        raise StepFailed("Step 05 failed.", why="its kernel died", next="runbook rebuild --from 05")

    ended(verb)
    assert capsys.readouterr().err == (
        "Error: Step 05 failed.\nWhy: its kernel died\nNext: runbook rebuild --from 05\n"
    )


def test_a_bug_is_said_to_be_one_with_its_trace_and_how_to_report_it(capsys):
    def verb() -> None:
        raise ZeroDivisionError("in the verb")

    ended(verb)
    said = capsys.readouterr().err
    assert "ZeroDivisionError: in the verb" in said
    assert f"a bug of runbook {__version__}" in said
    assert "report it" in said


def test_an_interrupt_is_one_line_without_a_trace(capsys):
    def verb() -> None:
        raise KeyboardInterrupt

    ended(verb)
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--version"], 0), (["targets"], 0), (["rebuld"], 2), (["plan", "homelap"], 2), ([], 2)],
)
def test_the_program_ends_with_the_status_of_its_verb(arguments, status):
    ended_program = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False)
    assert ended_program.returncode == status
    assert "Traceback" not in ended_program.stderr


def test_ctrl_c_ends_the_program_with_130_and_one_line(tmp_path, silent_server):
    command = [*PROGRAM, "plan", target(tmp_path, silent_server.getsockname()[1])]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    connection, _ = silent_server.accept()
    with connection:
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=20)
    assert said == "Interrupted; the same command starts again.\n"
    assert program.returncode == 130


def test_a_reader_that_goes_away_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    program = subprocess.run([*PROGRAM, "parameters"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert program.stderr == ""
    assert program.returncode == 141


@pytest.mark.parametrize("heavy", ["papermill", "kubernetes", "matplotlib", "pandas", "rich", "pydantic"])
def test_help_imports_nothing_heavy(heavy):
    code = f"import sys, runbook.cli; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
