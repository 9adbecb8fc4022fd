import json

import pytest
from click.testing import CliRunner, Result

from runbook.cli import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["size", *arguments])


@pytest.fixture(autouse=True)
def _no_store(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "nothing"))


def test_the_table_has_a_column_for_each_model_and_says_why_the_cache_is_what_it_is() -> None:
    found = run("qwen3:1.7b", "moondream", "--kv-type", "q8_0", "--limit", "6Gi", "--bandwidth", "27")
    assert found.exit_code == 0
    lines = {line[:15].strip(): line[15:].split() for line in found.stdout.splitlines()}
    assert lines["weights"] == ["1290.6", "MiB", "788.6", "MiB"]
    assert lines["verdict"] == ["fits", "fits"]
    assert "moondream: the cache stays f16" in found.stdout


KEYS = {
    "model", "architecture", "engine", "context_length", "context_source", "kv_type", "kv_type_reason",
    "weights_bytes", "kv_bytes", "graph_bytes", "projector_bytes", "total_bytes", "resident_bytes", "reported_bytes",
    "lower_bound", "verdict", "tokens_per_second", "warnings",
}  # fmt: skip


def test_a_script_gets_a_list_with_every_figure_in_bytes() -> None:
    found = run("gemma3:270m", "--context", "2048", "--kv-type", "q8_0", "--limit", "100Mi", "--json")
    [row] = json.loads(found.stdout)
    assert row.keys() >= KEYS
    assert (row["reported_bytes"], row["verdict"], row["context_length"]) == (456_991_232, "does not fit", 2048)


def test_a_target_gives_the_settings_that_are_not_given() -> None:
    [row] = json.loads(run("gemma3:270m", "--target", "local", "--json").stdout)
    assert (row["context_length"], row["verdict"]) == (2048, "fits")
    [row] = json.loads(run("gemma3:270m", "--target", "local", "--context", "1024", "--json").stdout)
    assert row["context_length"] == 1024


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["qwen3:1.7b", "--limit", "much"], "not a Kubernetes quantity"),
        (["qwen3:1.7b", "--limit", "0"], "leaves no memory"),
        (["qwen3:1.7b", "--ollama", "cluster"], "needs --target"),
        (["nothing:1b"], "not in the catalogue"),
        (["gemma3n:e2b"], "does not know the tensors"),
        (["a/b/c/d/e.x/f"], "not in the catalogue"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(arguments: list[str], words: str) -> None:
    found = run(*arguments)
    assert found.exit_code == 2
    assert words in " ".join(found.stderr.split())


def test_a_file_that_is_no_model_says_what_it_is(tmp_path) -> None:
    (tmp_path / "model.gguf").write_text("version https://git-lfs.github.com/spec/v1\n")
    found = run(str(tmp_path / "model.gguf"))
    assert found.exit_code == 1
    assert "Git LFS pointer" in found.stderr


def test_an_ollama_that_does_not_answer_is_named() -> None:
    found = run("qwen3:1.7b", "--ollama", "http://127.0.0.1:1")
    assert found.exit_code == 1
    assert "Ollama does not answer at http://127.0.0.1:1" in found.stderr


def test_a_schema_is_counted_when_it_is_asked_for_or_the_target_asks_for_one() -> None:
    plain, asked, target = (
        json.loads(run("gemma3:270m", "--json", *more).stdout)[0]
        for more in ((), ("--schema",), ("--target", "local", "--context", "4096"))
    )
    assert plain["structured_bytes"] == 0
    assert asked["resident_bytes"] == plain["resident_bytes"] + asked["structured_bytes"]
    assert target["structured_bytes"] == asked["structured_bytes"] > 0
