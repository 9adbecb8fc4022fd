import dataclasses
import json

import pytest

from runbook.errors import ModelFileError, UsageError
from runbook.models import Host, Serving, find
from runbook.models.size import resolve, size_of

GIB = 1 << 30


def test_a_row_has_the_figures_of_the_estimate_and_a_verdict():
    row = size_of(
        find("qwen3:1.7b"),
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
    assert size_of(find("qwen3:1.7b"), serving=Serving()).verdict is None


def test_a_reference_is_a_file_or_a_name_of_the_catalogue(build):
    path = build("m.gguf", {"general.architecture": "llama"}, [("token_embd.weight", (64, 32), 8)])
    assert resolve(str(path))[0].architecture == "llama"
    assert resolve("moondream:latest")[0] is find("moondream")


def test_a_reference_that_is_nothing_lists_what_is_known(tmp_path):
    with pytest.raises(UsageError, match=r"qwen3:1\.7b"):
        resolve("unheard:1b", store=tmp_path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        resolve("missing.gguf")
