"""One batch through gemma3n: four versions of the hidden state, and a small input of its own for each layer.

Each layer predicts all versions, computes on one of them, corrects the others by what came out, and adds its own
input; the last layers use the keys and values of earlier ones (`model/models/gemma3n/model_text.go` at 0.15.6).
"""

from __future__ import annotations

from runbook.models.forward import MOST_BLOCKS, Forward
from runbook.models.tape import Cell, external, new, over, view


class Versions(Forward):
    """A model that keeps several versions of its state."""

    def _build(self) -> None:
        shape, tokens = self._shape, self._batch.tokens
        state = over(new((shape.embedding, tokens), external(tokens)))
        own = self._own_inputs(state)
        shown = [*range(min(shape.layers, MOST_BLOCKS) - 1), shape.layers - 1] if shape.layers else []
        target = self._repeated(over(new((1, tokens), new(state.shape, state))))
        others = new((*state.shape, shape.versions - 1), new((*state.shape, shape.versions - 1), state))
        versions = new((*state.shape, shape.versions), state, self._scaled(others, target))
        for layer in shown:
            own_input = view(own, shape.own_input, tokens, strided=True)
            versions = self._layer(versions, own_input, layer)
        first = view(versions, *state.shape)
        target = self._repeated(over(new((1, tokens), new(state.shape, first))))
        others = new((*state.shape, shape.versions - 1), view(versions, *state.shape, shape.versions - 1))
        versions = new((*state.shape, shape.versions), first, self._scaled(others, target))
        flipped = new((shape.versions, shape.embedding, tokens), view(versions, strided=True))
        mean = new((1, shape.embedding, tokens), flipped)
        state = new(state.shape, view(mean, strided=True))
        chosen = new((shape.embedding, self._batch.outputs), state, self._chosen)
        self.tape.run(new((shape.vocabulary, self._batch.outputs), self._norm(chosen)))

    def _own_inputs(self, state: Cell) -> Cell:
        shape, tokens = self._shape, self._batch.tokens
        width = shape.own_input * shape.layers
        looked_up = over(new((width, tokens), external(tokens)))
        projected = view(over(new((width, tokens), state)), shape.own_input, shape.layers, tokens)
        return over(over(self._norm(projected), view(looked_up, shape.own_input, shape.layers, tokens)))

    def _repeated(self, magnitude: Cell) -> Cell:
        return new((1, magnitude.shape[1], self._shape.versions - 1), magnitude)

    def _scaled(self, others: Cell, target: Cell) -> Cell:
        """The other versions, brought to the magnitude of the first."""
        magnitude = over(new((1, *others.shape[1:]), new(others.shape, others)))
        return over(others, over(target, magnitude))

    def _layer(self, versions: Cell, own_input: Cell, layer: int) -> Cell:
        shape, flat = self._shape, (self._shape.embedding, self._batch.tokens)
        predictions = self._predicted(versions)
        active = view(predictions, *flat)
        normed = self._norm(active)
        side = over(self._norm(new(flat, new((shape.side_rank, flat[1]), normed))), normed)
        attended = self._norm(self._attention(normed, layer))
        attended = over(over(over(active, attended), side))
        inner = self._norm(self._sparse(self._norm(attended), layer))
        corrected = self._corrected(predictions, over(attended, inner))
        active = view(corrected, *flat)
        gated = new((shape.own_input, flat[1]), new((shape.own_input, flat[1]), active), own_input)
        active = self._norm(new(flat, gated))
        inactive = new((*flat, shape.versions - 1), view(corrected, *flat, shape.versions - 1), active)
        return new((*flat, shape.versions), view(corrected, *flat), inactive)

    def _routed(self, state: Cell) -> Cell:
        return over(new((self._shape.versions, state.shape[1]), over(self._norm(state))))

    def _predicted(self, versions: Cell) -> Cell:
        count, tokens = self._shape.versions, self._batch.tokens
        routed = self._routed(view(versions, self._shape.embedding, tokens))
        weights = view(new((count * count, tokens), routed), count, count, tokens)
        flipped = new((count, self._shape.embedding, tokens), view(versions, strided=True))
        mixed = new((count, self._shape.embedding, tokens), weights, flipped)
        return over(new(versions.shape, view(mixed, strided=True)), versions)

    def _corrected(self, predictions: Cell, activated: Cell) -> Cell:
        count, tokens = self._shape.versions, self._batch.tokens
        innovation = over(activated, view(predictions, *activated.shape))
        repeated = new((*activated.shape, count), innovation)
        weights = view(over(new((count, tokens), self._routed(activated))), 1, count, tokens)
        return over(over(repeated, new((1, tokens, count), view(weights, strided=True))), predictions)

    def _attention(self, normed: Cell, layer: int) -> Cell:
        if layer < self._shape.layers - self._shape.shared_kv_layers:
            return super()._attention(normed, layer)
        heads, tokens, size = self._shape.heads[layer], self._batch.tokens, self._shape.key_length
        query = self._turned(view(new((heads * size, tokens), normed), size, heads, tokens))
        self.tape.run(query)
        return new(normed.shape, self._attend(query, heads, layer))

    def _projections(self, normed: Cell, heads: int, kv_heads: int) -> tuple[Cell, Cell, Cell]:
        query, key, value = super()._projections(normed, heads, kv_heads)
        return query, key, over(value)

    def _sparse(self, normed: Cell, layer: int) -> Cell:
        """The inner layer; the first ones leave out what is not far above the mean."""
        width, tokens = self._shape.feed_forward, normed.shape[1]
        gate = new((width, tokens), normed)
        if layer < len(self._shape.sparse) and self._shape.sparse[layer]:
            mean = new((1, tokens), gate)
            apart = over(over(gate, over(new((1, tokens), gate))))
            spread = over(over(over(new((1, tokens), apart))))
            gate = over(over(gate, over(mean, spread)))
        middle = new((width, tokens), gate, new((width, tokens), normed))
        return new((self._shape.embedding, tokens), middle)
