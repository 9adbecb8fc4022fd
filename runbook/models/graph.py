"""The memory of the compute graph: what one batch needs between the layers.

The batch is written down as both engines build it (`runbook.models.forward`) and planned as ggml plans it
(`runbook.models.allocator`): with flash attention the scores are never stored, without it they are the largest part.
"""

from __future__ import annotations

from functools import lru_cache

from runbook.models.allocator import peak_bytes
from runbook.models.engine import Engine
from runbook.models.forward import Batch, forward
from runbook.models.kv import layer_cells
from runbook.models.shape import Shape


def graph_bytes(shape: Shape, engine: Engine, *, context: int, batch: int, parallel: int) -> int:
    """Bytes of the compute graph of one batch.

    Args:
        shape: The model's shape.
        engine: How it is run.
        context: Tokens of one slot.
        batch: Tokens that are computed at once.
        parallel: Slots.
    """
    if not shape.layers or not shape.embedding:
        return 0
    cells = layer_cells(shape, engine.name, context=context, batch=batch, parallel=parallel)
    own = engine.name == "ollama"
    slots = 1 if own else max(1, parallel)
    windowed = [count for count, is_windowed in zip(cells, shape.windowed, strict=False) if is_windowed and count]
    reserved = Batch(
        tokens=batch,
        outputs=parallel if own else batch,
        cells=max(cells, default=0) // slots,
        window_cells=max(windowed, default=0) // slots,
        flash_attention=engine.flash_attention,
    )
    return _peak(shape, engine.name == "ollama", reserved)


@lru_cache(maxsize=256)
def _peak(shape: Shape, own: bool, batch: Batch) -> int:
    return peak_bytes(forward(shape, "ollama" if own else "llama.cpp", batch))
