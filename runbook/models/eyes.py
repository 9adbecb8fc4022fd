"""One image through the eyes of a model, on a tape: those inside its file, and those in a projector's.

Ollama's own engine reserves for an image when a model is loaded, and llama.cpp's `clip.cpp` for its projector. Both
cut the image into patches, compare each with each other in every block, and bring the result to the width of the
text's state; with flash attention the comparison is never stored (`model/models/gemma3`, `tools/mtmd` at 0.15.6).
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook.models.forward import INTEGER, MOST_BLOCKS
from runbook.models.tape import HALF, Cell, Tape, external, given, new, over, view

COLOURS = 3


@dataclass(frozen=True)
class Eyes:
    """What the memory of one image is computed from.

    Attributes:
        side: Side of the image, in pixels.
        patch: Side of a patch, in pixels.
        width: Width of the state.
        inner: Width of the inner layer.
        heads: Heads of attention.
        blocks: Number of blocks.
        patch_bias: Whether patches get a bias.
        whole: Whether one more place stands for the whole image.
        norm_before: Whether there is a norm before the blocks.
        norm_behind: Whether there is one behind them.
        bridge: Widths of the matrices that lead to the text model.
        image_tokens: Tokens that are left of an image; 0 where it is as many as patches.
    """

    side: int
    patch: int
    width: int
    inner: int
    heads: int
    blocks: int
    patch_bias: bool = False
    whole: bool = False
    norm_before: bool = False
    norm_behind: bool = False
    bridge: tuple[int, ...] = ()
    image_tokens: int = 0

    @property
    def patches(self) -> int:
        """Patches of an image."""
        return (self.side // self.patch) ** 2


def sight(eyes: Eyes, *, own: bool, flash_attention: bool) -> Tape:
    """The tape of one image.

    Args:
        eyes: What it goes through.
        own: Whether Ollama's own engine does it, in which the image lies outside.
        flash_attention: Whether comparisons are not stored.
    """
    return _Sight(eyes, own, flash_attention).tape


class _Sight:
    def __init__(self, eyes: Eyes, own: bool, flash: bool) -> None:
        self.tape = Tape()
        self._eyes, self._own, self._flash = eyes, own, flash
        self._places = eyes.patches + eyes.whole
        state = self._cut_up()
        # llama.cpp leaves the last block out.
        for _ in range(min(eyes.blocks - (not own), MOST_BLOCKS)):
            state = self._block(state)
        if eyes.norm_behind:
            state = self._norm(state)
        self.tape.run(self._shrunk(state) if own else self._bridged(state))

    def _input(self, *shape: int, element: int = 4) -> Cell:
        return external(*shape, element=element) if self._own else given(*shape, element=element)

    def _cut_up(self) -> Cell:
        """The image as patches, each with its position."""
        eyes = self._eyes
        image = self._input(eyes.side, eyes.side, COLOURS)
        pieces = new((eyes.patch**2 * COLOURS, eyes.patches), image, element=HALF)
        made = new((eyes.patches, eyes.width), pieces)
        across = new((eyes.patches, eyes.width), view(made, strided=True))
        if self._own and eyes.patch_bias:
            across = over(across)
        state = new((eyes.width, eyes.patches), view(across, strided=True))
        if not self._own and eyes.patch_bias:
            state = over(state)
        if eyes.whole:
            state = new((eyes.width, self._places), state)
        numbers = new((eyes.patches,), external(1), element=INTEGER) if self._own else given(self._places, element=4)
        state = over(state, new((eyes.width, self._places), numbers))
        return self._norm(state) if eyes.norm_before else state

    def _norm(self, cell: Cell) -> Cell:
        return over(over(new(cell.shape, cell)))

    def _linear(self, width: int, cell: Cell) -> Cell:
        return over(new((width, cell.shape[1]), cell))

    def _block(self, state: Cell) -> Cell:
        eyes = self._eyes
        attended = self._linear(eyes.width, self._attended(self._norm(state)))
        middle = over(attended, state)
        inner = over(self._linear(eyes.inner, self._norm(middle)))
        down = self._linear(eyes.width, inner)
        return over(down, middle) if self._own else over(middle, down)

    def _attended(self, normed: Cell) -> Cell:
        eyes, size = self._eyes, self._eyes.width // self._eyes.heads
        query, key, value = (view(self._linear(eyes.width, normed), size, eyes.heads, self._places) for _ in range(3))
        self.tape.run(query, key, value)
        query, key, value = (view(one, strided=True) for one in (query, key, value))
        if self._flash:
            if not self._own:
                key, value = (new((size, self._places, eyes.heads), one, element=HALF) for one in (key, value))
            return view(new((size, eyes.heads, self._places), query, key, value), eyes.width, self._places)
        flipped = new((self._places, size, eyes.heads), value)
        scores = over(new((self._places, self._places, eyes.heads), key, query))
        mixed = new((size, self._places, eyes.heads), flipped, scores)
        return new((eyes.width, self._places), view(mixed, strided=True))

    def _bridged(self, state: Cell) -> Cell:
        """The patches without the whole image, brought to the width of the text."""
        found = new((self._eyes.width, self._eyes.patches), state, given(self._eyes.patches, element=4))
        for place, width in enumerate(self._eyes.bridge):
            found = self._linear(width, over(found) if place else found)
        return found

    def _shrunk(self, state: Cell) -> Cell:
        """Neighbouring patches averaged, brought to the width of the text."""
        eyes = self._eyes
        tokens = eyes.image_tokens or eyes.patches
        across = new((eyes.patches, eyes.width), view(state, strided=True))
        averaged = new((tokens, eyes.width), view(across))
        back = new((eyes.width, tokens), view(averaged, strided=True))
        turned = new((eyes.width, eyes.bridge[-1] if eyes.bridge else eyes.width), external(1), element=HALF)
        return new((eyes.bridge[-1] if eyes.bridge else eyes.width, tokens), turned, over(over(back)))
