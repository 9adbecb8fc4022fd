"""One batch through the architectures that are built otherwise than the common model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runbook.models.afterwards import Afterwards
from runbook.models.compressed import Compressed
from runbook.models.convolved import Convolved
from runbook.models.encoder import Encoder
from runbook.models.engine import EngineName
from runbook.models.forward import Batch, Forward
from runbook.models.shape import Shape
from runbook.models.tape import Tape
from runbook.models.versions import Versions

FORWARDS: Final[Mapping[str, type[Forward]]] = {
    "bert": Encoder,
    "deepseek2": Compressed,
    "gemma3n": Versions,
    "lfm2": Convolved,
    "nomic-bert": Encoder,
    "olmo2": Afterwards,
    "olmo3": Afterwards,
}


def forward(shape: Shape, engine: EngineName, batch: Batch) -> Tape:
    """The tape of one batch through a model."""
    return FORWARDS.get(shape.architecture, Forward)(shape, engine, batch).tape
