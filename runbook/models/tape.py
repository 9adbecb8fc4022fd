"""A computation written down as tensors: what is computed from what, in which order, and what may overwrite what.

Only sizes matter here. A tensor knows its shape, what it is computed from, whether it is a view of another one, and
whether its operation may write over an input. Order is that of ggml: an expanded tensor comes after all it needs,
inputs left to right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

FLOAT = 4
HALF = 2


@dataclass(eq=False)
class Cell:
    """A tensor of a computation.

    Attributes:
        shape: Its dimensions, the row first.
        element: Bytes of an element.
        sources: What it is computed from.
        view_of: The tensor whose memory it shows; None where it has its own.
        overwrites: Whether its operation may write over an input of the same layout.
        external: Whether its memory is elsewhere: weights, the cache, what carries a batch in.
        strided: Whether its rows lie apart, so that nothing contiguous has its layout.
    """

    shape: tuple[int, ...]
    element: int = FLOAT
    sources: tuple[Cell, ...] = ()
    view_of: Cell | None = None
    overwrites: bool = False
    external: bool = False
    strided: bool = False

    @property
    def bytes(self) -> int:
        """Its size."""
        return prod(self.shape) * self.element

    def has_layout_of(self, other: Cell) -> bool:
        """Whether it could lie exactly where another tensor lies."""
        return (self.shape, self.element, self.strided) == (other.shape, other.element, other.strided)


@dataclass
class Tape:
    """A computation in the order it will run.

    Attributes:
        leaves: Tensors that are computed from nothing.
        steps: The others.
    """

    leaves: list[Cell] = field(default_factory=list)
    steps: list[Cell] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def run(self, *wanted: Cell) -> None:
        """Append tensors and all they need that is not there yet."""
        for cell in wanted:
            self._visit(cell)

    def _visit(self, cell: Cell) -> None:
        if id(cell) in self._seen:
            return
        self._seen.add(id(cell))
        for source in cell.sources:
            self._visit(source)
        (self.steps if cell.sources else self.leaves).append(cell)


def external(*shape: int, element: int = FLOAT) -> Cell:
    """A tensor whose memory is elsewhere."""
    return Cell(shape, element, external=True)


def given(*shape: int, element: int = FLOAT) -> Cell:
    """A tensor that is filled before the computation, in the computation's own memory."""
    return Cell(shape, element)


def new(shape: tuple[int, ...], *sources: Cell, element: int = FLOAT) -> Cell:
    """A tensor that needs memory of its own."""
    return Cell(shape, element, sources)


def over(*sources: Cell) -> Cell:
    """A tensor like its first source, which it may overwrite."""
    return Cell(sources[0].shape, sources[0].element, sources, overwrites=True)


def view(source: Cell, *shape: int, strided: bool = False) -> Cell:
    """The memory of another tensor in another shape."""
    root = source.view_of or source
    return Cell(shape or source.shape, source.element, (source,), view_of=root, external=root.external, strided=strided)
