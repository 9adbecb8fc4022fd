import dataclasses
import json

import pytest

from runbook.errors import ModelFileError, UsageError
from runbook.models import Host, Serving, find
from runbook.models.size import Found, Sources, names_registry, resolve, size_of

GIB = 1 << 30
SHOWN = {
    "model_info": {"general.architecture": "llama", "llama.block_count": 1},
    "tensors": [{"name": "token_embd.weight", "type": "Q8_0", "shape": [64, 32]}],
    "parameters": 'stop    "x"\nnum_ctx                        8192',
}


def found(name: str) -> Found:
    return resolve(name)


def test_a_row_has_the_figures_of_the_estimate_and_a_verdict():
    row = size_of(
        found("qwen3:1.7b"),
        serving=Serving(kv_type="q8_0"),
        context_length=4096,
        limit_bytes=6 * GIB,
        host=Host(38, memory="ddr4"),
    )
    assert (row.model, row.engine, row.kv_type, row.verdict) == ("qwen3:1.7b", "ollama", "q8_0", "fits")
    assert row.reported_bytes == 1_657_415_680
    assert row.total_bytes == row.weights_bytes + row.kv_bytes + row.graph_bytes
    assert json.loads(json.dumps(dataclasses.asdict(row), allow_nan=False))["context_source"] == "request"


def test_without_a_limit_there_is_no_verdict():
    assert size_of(found("qwen3:1.7b"), serving=Serving()).verdict is None


def test_a_reference_is_a_file_or_a_name_of_the_catalogue(build):
    path = build("m.gguf", {"general.architecture": "llama"}, [("token_embd.weight", (64, 32), 8)])
    assert (resolve(str(path)).source, resolve(str(path)).model.architecture) == ("file", "llama")
    assert resolve("moondream:latest") == Found("moondream", find("moondream"), "catalogue")


def test_a_server_goes_before_the_catalogue_and_its_parameters_count():
    served = resolve("qwen3:1.7b", Sources(show=lambda name: SHOWN))
    assert (served.source, served.model.architecture, served.parameter_context) == ("server", "llama", 8192)
    assert size_of(served, serving=Serving()).context_source == "model"
    assert resolve("qwen3:1.7b", Sources(show=lambda name: None)).source == "catalogue"


@pytest.mark.parametrize("name", ["registry.lan/library/a", "localhost/library/a", "10.0.0.1:5000/library/a:1b"])
def test_a_name_that_begins_with_a_host_is_asked_of_that_registry(name):
    asked: list[str] = []

    def read(reference):
        asked.append(reference)
        raise UsageError("asked")

    assert names_registry(name)
    with pytest.raises(UsageError, match="asked"):
        resolve(name, Sources(read=read))
    assert asked == [name]


@pytest.mark.parametrize("name", ["qwen3:1.7b", "someone/model:1.7b", "registry.lan/", "/model", "../model"])
def test_other_names_are_asked_of_no_registry(name):
    assert not names_registry(name)


def test_a_reference_that_is_nothing_lists_what_is_known_and_where_it_was_looked_for(tmp_path):
    with pytest.raises(UsageError, match=r"qwen3:1\.7b") as refused:
        resolve("unheard:1b", Sources(store=tmp_path, show=lambda name: None))
    assert "not on the server, not in the store and not in the catalogue" in str(refused.value)
    assert "registry.ollama.ai/library/unheard:1b" in refused.value.next
    with pytest.raises(ModelFileError, match="cannot be read"):
        resolve("missing.gguf")
