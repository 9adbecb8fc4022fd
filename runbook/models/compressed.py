"""One batch through a model whose keys and values are compressed (MLA): deepseek2.

Both engines split queries into a part that carries the position and one that does not, decompress keys and values, or
turn the queries into the compressed form where the file has the matrices for it (`model/models/deepseek2/model.go`,
`deepseek2.cpp` at 0.15.6).
"""

from __future__ import annotations

from runbook.models.forward import Forward
from runbook.models.tape import Cell, new, over, view


class Compressed(Forward):
    """A model with compressed keys and values."""

    def _attention(self, normed: Cell, layer: int) -> Cell:
        shape, tokens, heads = self._shape, self._batch.tokens, self._shape.heads[layer]
        turned, rank = shape.rope_dimensions, shape.latent_rank
        plain = shape.key_length - turned
        whole = view(new((heads * shape.key_length, tokens), normed), shape.key_length, heads, tokens)
        small = new((rank + turned, tokens), normed)
        query_turned = new((turned, heads, tokens), view(whole, turned, heads, tokens, strided=True), self._positions)
        key_turned = new((turned, 1, tokens), view(small, turned, 1, tokens, strided=True), self._positions)
        latent = over(new((rank, tokens), view(small, rank, tokens, strided=True)))
        query_plain = view(whole, plain, heads, tokens, strided=True)
        if shape.has_latent_cache:
            return self._absorbed(normed, layer, query_turned, query_plain, key_turned, latent)
        both = view(new((heads * (plain + shape.value_length), tokens), latent), plain, heads, tokens, strided=True)
        value = view(both, shape.value_length, heads, tokens, strided=True)
        if not self._own:
            value = new((shape.value_length, heads, tokens), value)
        query = new((shape.key_length, heads, tokens), query_turned, query_plain)
        repeated = new((turned, heads, tokens), key_turned)
        key = new((shape.key_length, heads, tokens), repeated, both)
        self.tape.run(*((query, key, value) if self._own else (query, value, key)))
        if self._own:
            value = new((shape.value_length, heads, tokens), value)
        self._store(key, value, windowed=False)
        return new(normed.shape, self._attend(query, heads, layer))

    def _absorbed(
        self, normed: Cell, layer: int, query_turned: Cell, query_plain: Cell, key_turned: Cell, latent: Cell
    ) -> Cell:
        """Attention in the compressed form, as if there were one head of keys and values."""
        shape, tokens, heads = self._shape, self._batch.tokens, self._shape.heads[layer]
        turned, rank = shape.rope_dimensions, shape.latent_rank
        absorbed = new((rank, tokens, heads), view(query_plain, strided=True))
        query = new((turned + rank, heads, tokens), query_turned, view(absorbed, rank, heads, tokens, strided=True))
        key = new((turned + rank, 1, tokens), key_turned, view(latent, rank, 1, tokens))
        self.tape.run(query, key, latent)
        self._store(key, latent, windowed=False)
        cells, mask = self._batch.cells, self._masks[False]
        asked = view(query, turned + rank, tokens, heads, strided=True)
        if self._batch.flash_attention:
            mixed = view(new((rank, heads, tokens), asked, mask), rank, tokens, heads, strided=True)
        else:
            scores = Cell((cells, tokens, heads), 4, (new((cells, tokens, heads), asked), mask), overwrites=True)
            mixed = new((rank, tokens, heads), scores)
        wide = new((shape.value_length, tokens, heads), mixed)
        flat = new((shape.value_length * heads, tokens), view(wide, strided=True))
        return new(normed.shape, flat)
