"""One batch through a model that makes embeddings and keeps no cache: bert and nomic-bert.

Every token sees every other, norms stand behind attention and inner layer, and the states are pooled at the end
(`model/models/bert`, `model/models/nomicbert`, `ml/nn/pooling` at 0.15.6). llama.cpp is planned in the same way.
"""

from __future__ import annotations

from runbook.models.forward import MOST_BLOCKS, Forward
from runbook.models.tape import Cell, external, new, over, view


class Encoder(Forward):
    """A model that makes embeddings."""

    @property
    def _is_nomic(self) -> bool:
        return self._shape.architecture != "bert"

    def _build(self) -> None:
        shape, tokens = self._shape, self._batch.tokens
        state = over(new((shape.embedding, tokens), external(tokens)))
        if not self._is_nomic:
            state = over(state, new((shape.embedding, tokens), self._positions))
        state = self._after(state)
        for _ in range(min(shape.layers, MOST_BLOCKS)):
            state = self._layer(state)
        turned = new((tokens, shape.embedding), view(state, strided=True))
        mean = new((1, shape.embedding), turned)
        self.tape.run(new((shape.embedding, 1), view(mean, strided=True)))

    def _layer(self, state: Cell) -> Cell:
        middle = self._after(over(self._everyone(state), state))
        return self._after(over(self._inner(middle, 0), middle))

    def _after(self, cell: Cell) -> Cell:
        """A norm that subtracts the mean: never in place, its weight and its bias are."""
        return over(over(new(cell.shape, cell)))

    def _everyone(self, state: Cell) -> Cell:
        shape, tokens, heads = self._shape, self._batch.tokens, self._shape.most_heads
        size = shape.key_length
        if self._is_nomic:
            whole = new((3 * heads * size, tokens), state)
            query, key, value = (view(whole, size, heads, tokens, strided=True) for _ in range(3))
            query, key = (new((size, heads, tokens), one, self._positions) for one in (query, key))
        else:
            query, key, value = (view(over(new((heads * size, tokens), state)), size, heads, tokens) for _ in range(3))
        self.tape.run(query, key, value)
        flipped = new((tokens, size, heads), view(value, strided=True))
        scores = over(new((tokens, tokens, heads), view(key, strided=True), view(query, strided=True)))
        mixed = new((size, tokens, heads), flipped, scores)
        flat = new((heads * size, tokens), view(mixed, strided=True))
        made = new(state.shape, view(flat))
        return made if self._is_nomic else over(made)
