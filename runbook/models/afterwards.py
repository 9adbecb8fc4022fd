"""One batch through a model whose norms stand behind attention and inner layer: olmo2 and olmo3.

Queries and keys are normalised as a whole, before they are cut into heads (`model/models/olmo3/model.go`, `olmo2.cpp`
at 0.15.6).
"""

from __future__ import annotations

from runbook.models.forward import Forward
from runbook.models.tape import Cell, over, view


class Afterwards(Forward):
    """A model that normalises what it computed and not what it computes from."""

    def _block(self, state: Cell, layer: int, *, is_last: bool) -> Cell:
        attended = self._attention(state, layer)
        if is_last:
            attended, state = self._only(attended), self._only(state)
        middle = over(self._norm(attended), state)
        return over(self._norm(self._inner(middle, layer)), middle)

    def _projections(self, normed: Cell, heads: int, kv_heads: int) -> tuple[Cell, Cell, Cell]:
        query, key, value = super()._projections(normed, heads, kv_heads)
        return self._whole(query), self._whole(key), value

    def _whole(self, part: Cell) -> Cell:
        return view(self._norm(part.sources[0]), *part.shape)
