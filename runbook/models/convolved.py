"""One batch through lfm2: some layers attend, the others fold what came shortly before into each token.

A folding layer makes three parts of the state, multiplies two, puts what it remembers in front, folds, and multiplies
with the third; what it remembers is stored before it folds (`model/models/lfm2/shortconv.go` at 0.15.6).
"""

from __future__ import annotations

from runbook.models.forward import Forward
from runbook.models.tape import Cell, external, new, view


class Convolved(Forward):
    """A model with short convolutions."""

    def _attention(self, normed: Cell, layer: int) -> Cell:
        if self._shape.kv_heads[layer]:
            return super()._attention(normed, layer)
        width, tokens = self._shape.embedding, self._batch.tokens
        kept = max(0, self._shape.convolution_width - 1)
        parts = new((3 * width, tokens), normed)
        first, third, second = (view(parts, width, tokens, strided=True) for _ in range(3))
        product = view(new((width, tokens), first, second), tokens, width, strided=True)
        remembered = view(new((kept * width, 1), external(1)), kept, width)
        whole = new((tokens + kept, width), remembered, product)
        self._remember(whole, kept * width)
        folded = new((width, tokens), whole)
        return new(normed.shape, Cell((width, tokens), 4, (third, folded), overwrites=True))

    def _remember(self, whole: Cell, count: int) -> None:
        last = new((count, 1), new((count, 1), view(whole, count, 1, strided=True)))
        kept = external(1)
        self.tape.run(Cell((1,), 4, (last, external(1), kept), view_of=kept, external=True))
