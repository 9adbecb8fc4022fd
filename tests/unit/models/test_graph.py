"""Cache and graph against what servers said: the public logs, and our own runs of Ollama 0.15.6."""

import pytest

from runbook.models.engine import Engine
from runbook.models.graph import graph_bytes
from runbook.models.kv import effective_parallel, kv_bytes
from tests.unit.models.conftest import rows
from tests.unit.models.public_rows import CAUSES, judged, public_rows
from tests.unit.models.public_shapes import MEASURED, SHAPES, TRAINED

MIB = 1 << 20
MEASURED_ROWS = rows("measured.csv")
# Those that cannot have it at all, and gemma2 where the server is told to use it.
EMBEDDERS, NO_FLASH = {"bert", "nomic"}, {"bert", "ds3", "gemma2", "nomic"}


@pytest.mark.parametrize("row", MEASURED_ROWS, ids=lambda row: "-".join(list(row.values())[:6]))
def test_cache_and_graph_are_what_our_server_allocated(row):
    shape = MEASURED[row["model"]]
    flag = {"1": True, "0": False}.get(row["flash_attention"], True)
    always_without = row["model"] in NO_FLASH - {"gemma2"}
    flash = flag and not always_without and not (row["model"] in NO_FLASH and row["flash_attention"] == "1")
    context = min(int(row["num_ctx"]), TRAINED.get(row["model"], 1 << 20))
    parallel = 1 if row["model"] in EMBEDDERS else effective_parallel(shape, int(row["num_parallel"]))
    kv_type = effective_type(row, flash)
    settings = {
        "context": context,
        "batch": context if row["model"] in EMBEDDERS else min(512, context),
        "parallel": parallel,
    }
    found = kv_bytes(shape, row["engine"], **settings, kv_type=kv_type)
    graph = graph_bytes(shape, Engine(row["engine"], flash, kv_type, ""), **settings)
    resolution = int(row["resolution_bytes"])
    assert abs(found - int(row["kv_bytes"])) <= resolution
    assert abs(graph - int(row["graph_bytes"])) <= resolution + 128


def effective_type(row, flash):
    if row["kv_cache_type"] == "f16":
        return "f16"
    told = row["flash_attention"] == "1" and row["model"] not in NO_FLASH
    return row["kv_cache_type"] if (flash if row["engine"] == "ollama" else told) else "f16"


def test_enough_was_measured():
    assert len(MEASURED_ROWS) >= 160
    assert len({MEASURED[row["model"]].architecture for row in MEASURED_ROWS}) >= 18


PUBLIC = list(judged())


@pytest.mark.parametrize("figure", PUBLIC, ids=lambda figure: f"{figure.row}-{figure.part}")
def test_a_figure_of_a_public_row_is_reproduced_or_listed_with_its_cause(figure):
    assert figure.is_reproduced != bool(figure.cause)


def test_every_public_row_is_judged():
    assert {figure.row for figure in PUBLIC} == set(public_rows())
    assert sum(figure.is_reproduced for figure in PUBLIC) >= 45


@pytest.mark.parametrize(("row", "part"), [key for key, (off, _) in CAUSES.items() if off])
def test_what_is_off_is_off_by_what_its_cause_explains(row, part):
    [figure] = [one for one in PUBLIC if (one.row, one.part) == (row, part)]
    if figure.ours_mib is not None:
        assert abs(abs(figure.ours_mib - figure.stated_mib) - CAUSES[row, part][0]) <= figure.resolution_mib


def test_flash_attention_is_worth_more_than_the_type_of_the_cache():
    """A 7B at 4096: the scores alone take 256 MiB."""
    settings = {"context": 4096, "batch": 512, "parallel": 1}
    with_it = graph_bytes(SHAPES["7"], Engine("llama.cpp", True, "f16", ""), **settings)
    without = graph_bytes(SHAPES["7"], Engine("llama.cpp", False, "f16", ""), **settings)
    assert round(with_it / MIB) == 112
    assert round(without / MIB) == 300
