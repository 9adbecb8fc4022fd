"""One batch through a model, written on a tape, as each engine builds it.

Ollama's own engine keeps what carries a batch in (tokens, positions, masks in 32 bits) outside; llama.cpp keeps it
in the graph, with logits for every token of the batch. Both begin each block with queries, keys and values, store the
latter two, attend, and go through the inner layer (`model/models/*`, `ml/nn/attention.go` and `llama-graph.cpp` at
0.15.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runbook.models.blueprint import Blueprint, blueprint
from runbook.models.engine import EngineName
from runbook.models.shape import Shape
from runbook.models.tape import HALF, Cell, Tape, external, given, new, over, view

INTEGER: Final = 4
LONG: Final = 8
# Blocks repeat: after so many the memory does not change any more.
MOST_BLOCKS: Final = 14


@dataclass(frozen=True)
class Batch:
    """A batch that is reserved for.

    Attributes:
        tokens: Its tokens.
        outputs: Tokens whose logits are asked for.
        cells: Cells that full layers see; of one slot in llama.cpp.
        window_cells: Cells that windowed layers see.
        flash_attention: Whether flash attention is on.
    """

    tokens: int
    outputs: int
    cells: int
    window_cells: int
    flash_attention: bool


class Forward:
    """The common model; what an architecture does otherwise is a class of its own.

    Args:
        shape: The model's shape.
        engine: Which engine builds it.
        batch: The batch that is reserved for.
    """

    def __init__(self, shape: Shape, engine: EngineName, batch: Batch) -> None:
        self.tape = Tape()
        self._shape = shape
        self._own = engine == "ollama"
        self._batch = batch
        self._plan: Blueprint = blueprint(shape.architecture)
        self._positions = self._carried(batch.tokens, element=INTEGER)
        self._places = {windowed: self._place(batch.tokens) for windowed in (True, False)}
        self._value_places = {
            windowed: self._place(batch.tokens if self._stores_rows else self._values) for windowed in (True, False)
        }
        self._chosen = self._carried(batch.outputs, element=INTEGER)
        self._masks = {
            windowed: self._mask(batch.window_cells if windowed else batch.cells) for windowed in (True, False)
        }
        self._build()

    @property
    def _stores_rows(self) -> bool:
        return self._own or self._batch.flash_attention

    @property
    def _values(self) -> int:
        return self._batch.tokens * max(self._shape.kv_heads, default=0) * self._shape.value_length

    def _place(self, count: int) -> Cell:
        return self._carried(count, element=LONG)

    def _carried(self, *shape: int, element: int) -> Cell:
        return external(*shape, element=element) if self._own else given(*shape, element=element)

    def _mask(self, cells: int) -> Cell:
        mask = self._carried(cells, self._batch.tokens, element=4)
        return new(mask.shape, mask, element=HALF) if self._batch.flash_attention else mask

    def _build(self) -> None:
        shape = self._shape
        state = new((shape.embedding, self._batch.tokens), self._carried(self._batch.tokens, element=INTEGER))
        if self._plan.normalises_after or shape.architecture in ("gemma", "granite", "granitemoe"):
            state = over(state)
        if shape.architecture == "mistral3":
            # Copied, so that images can be written into it.
            state = new(state.shape, state)
        layers = [*range(min(shape.layers, MOST_BLOCKS) - 1), shape.layers - 1] if shape.layers else []
        for layer in layers:
            state = self._block(state, layer, is_last=layer == shape.layers - 1)
        self.tape.run(new((shape.vocabulary, state.shape[1]), self._norm(state)))

    def _block(self, state: Cell, layer: int, *, is_last: bool) -> Cell:
        normed = self._norm(state)
        attended = self._attention(normed, layer)
        if self._plan.normalises_after and self._own:
            attended = self._norm(attended)
        if is_last:
            attended, state = self._only(attended), self._only(state)
            normed = self._only(normed) if self._plan.is_parallel else normed
        if self._plan.normalises_after and not self._own:
            attended = self._norm(attended)
        if self._plan.adds_attention_last:
            return over(over(self._inner(normed, layer), state), attended)
        if self._plan.is_parallel:
            return over(over(attended, self._inner(normed, layer)), state)
        middle = over(attended, state)
        inner = self._inner(self._norm(middle), layer)
        if self._plan.normalises_after:
            inner = self._norm(inner)
        return over(middle, inner) if self._plan.inner == "fused" else over(inner, middle)

    def _only(self, cell: Cell) -> Cell:
        return new((cell.shape[0], self._batch.outputs), cell, self._chosen)

    def _norm(self, cell: Cell) -> Cell:
        if self._plan.subtracts_mean:
            return over(over(new(cell.shape, cell)))
        return over(over(cell))

    def _attention(self, normed: Cell, layer: int) -> Cell:
        heads, kv_heads = self._shape.heads[layer], self._shape.kv_heads[layer]
        if not kv_heads:
            return new(normed.shape, new((3 * self._shape.embedding, self._batch.tokens), normed))
        query, key, value = self._projections(normed, heads, kv_heads)
        query, key = self._turned(query), self._turned(key)
        if self._plan.scales_queries:
            query = over(query)
        # llama.cpp takes values before keys, unless some layers are windowed.
        in_order = self._own or any(self._shape.windowed)
        self.tape.run(*((query, key, value) if in_order else (query, value, key)))
        self._store(key, value, self._shape.is_windowed(layer))
        return new(normed.shape, self._attend(query, heads, layer))

    def _projections(self, normed: Cell, heads: int, kv_heads: int) -> tuple[Cell, Cell, Cell]:
        tokens, key, value = self._batch.tokens, self._shape.key_length, self._shape.value_length
        widths = ((heads, key), (kv_heads, key), (kv_heads, value))
        if self._plan.fuses_attention:
            whole = new((sum(count * size for count, size in widths), tokens), normed)
            whole = over(whole) if self._plan.inner == "plain" else whole
            query, keys, values = (view(whole, size, count, tokens, strided=True) for count, size in widths)
        else:
            query, keys, values = (
                view(new((count * size, tokens), normed), size, count, tokens) for count, size in widths
            )
        return query, keys, values

    def _turned(self, cell: Cell) -> Cell:
        if self._plan.normalises_heads:
            cell = self._norm(cell)
        # Rotation could be done in place, and the plans that were measured do not.
        return new(cell.shape, cell, self._positions)

    def _store(self, key: Cell, value: Cell, windowed: bool) -> None:
        kept = external(1)
        self.tape.run(Cell((1,), 4, (view(key), self._places[windowed], kept), view_of=kept, external=True))
        if not self._stores_rows and value.strided:
            value = new(value.shape, value)
        self.tape.run(Cell((1,), 4, (view(value), self._value_places[windowed], kept), view_of=kept, external=True))

    def _attend(self, query: Cell, heads: int, layer: int) -> Cell:
        windowed = self._shape.is_windowed(layer)
        mask, tokens = self._masks[windowed], self._batch.tokens
        cells = self._batch.window_cells if windowed else self._batch.cells
        turned = view(view(query), self._shape.key_length, tokens, heads, strided=True)
        if self._batch.flash_attention:
            flat = new((self._shape.value_length, heads, tokens), turned, mask)
            found = view(flat, self._shape.value_length * heads, tokens)
        else:
            scores = Cell((cells, tokens, heads), 4, (new((cells, tokens, heads), turned), mask), overwrites=True)
            mixed = new((self._shape.value_length, tokens, heads), scores)
            flat = new((self._shape.value_length * heads, tokens), view(mixed, strided=True))
            found = view(flat) if self._own else flat
        if not self._own:
            self.tape.run(found)
        return found

    def _inner(self, normed: Cell, layer: int) -> Cell:
        if self._shape.experts and layer >= self._shape.dense_layers:
            found = self._experts(normed)
            shared = self._shape.experts_shared * self._shape.expert_feed_forward
            return over(found, self._dense(normed, shared)) if shared else found
        return self._dense(normed, self._shape.feed_forward)

    def _dense(self, normed: Cell, width: int) -> Cell:
        tokens = normed.shape[1]
        if self._plan.inner == "gated":
            middle = new((width, tokens), new((width, tokens), normed), new((width, tokens), normed))
        elif self._plan.inner == "fused":
            middle = new((width, tokens), new((2 * width, tokens), normed))
        else:
            middle = over(over(new((width, tokens), normed)))
        down = new((self._shape.embedding, tokens), middle)
        return over(down) if self._plan.inner == "plain" else down

    def _experts(self, normed: Cell) -> Cell:
        """The experts of a token side by side, weighted and added up one after the other."""
        shape, tokens, used = self._shape, normed.shape[1], max(1, self._shape.experts_used)
        width = shape.expert_feed_forward or shape.feed_forward
        odds = over(new((shape.experts, tokens), normed))
        ranked = new((shape.experts, tokens), odds, element=INTEGER)
        chosen = view(ranked, used, tokens, strided=True)
        shares = new((1, used, tokens), view(odds, 1, shape.experts, tokens), chosen)
        flat = view(shares, used, tokens)
        shares = view(over(flat, new((1, tokens), flat)), 1, used, tokens)
        alone = view(normed, shape.embedding, 1, tokens)
        gate, up = (new((width, used, tokens), alone, chosen) for _ in range(2))
        down = over(new((shape.embedding, used, tokens), new((width, used, tokens), gate, up), chosen), shares)
        parts = [view(down, shape.embedding, tokens, strided=True) for _ in range(used)]
        total = parts[0]
        for part in parts[1:]:
            total = Cell((shape.embedding, tokens), 4, (total, part), overwrites=True)
        return total
