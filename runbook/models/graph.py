"""The memory of the compute graph: what one batch needs between the layers.

The batch is written down as both engines build it (`runbook.models.forward`) and planned as ggml plans it
(`runbook.models.allocator`): with flash attention the scores are never stored, without it they are the largest part.
"""

from __future__ import annotations

from functools import lru_cache

from runbook.models.allocator import peak_bytes
from runbook.models.engine import Engine
from runbook.models.forward import Batch
from runbook.models.forwards import forward
from runbook.models.kv import layer_cells
from runbook.models.shape import Shape


def graph_bytes(shape: Shape, engine: Engine, *, context: int, batch: int, parallel: int) -> int:
    """Bytes that are allocated for the compute graph of one batch.

    Args:
        shape: The model's shape.
        engine: How it is run.
        context: Tokens of one slot.
        batch: Tokens that are computed at once.
        parallel: Slots.
    """
    own = engine.name == "ollama"
    return _planned(shape, engine, context, batch, parallel, outputs=parallel if own else batch)


def used_graph_bytes(shape: Shape, engine: Engine, *, context: int, batch: int, parallel: int) -> int:
    """Bytes of it that are ever written to.

    llama.cpp allocates for the logits of every token of a batch, and is only asked for those of each slot's last one:
    the rest of that memory is never touched, and no pod has to hold it.
    """
    return _planned(shape, engine, context, batch, parallel, outputs=max(1, parallel))


def _planned(shape: Shape, engine: Engine, context: int, batch: int, parallel: int, outputs: int) -> int:
    if not shape.layers or not shape.embedding:
        return 0
    cells = layer_cells(shape, engine.name, context=context, batch=batch, parallel=parallel)
    slots = 1 if engine.name == "ollama" else max(1, parallel)
    windowed = [count for count, is_windowed in zip(cells, shape.windowed, strict=False) if is_windowed and count]
    reserved = Batch(
        tokens=batch,
        outputs=outputs,
        cells=max(cells, default=0) // slots,
        window_cells=max(windowed, default=0) // slots,
        flash_attention=engine.flash_attention,
    )
    return _peak(shape, engine.name == "ollama", reserved)


@lru_cache(maxsize=256)
def _peak(shape: Shape, own: bool, batch: Batch) -> int:
    return peak_bytes(forward(shape, "ollama" if own else "llama.cpp", batch))
