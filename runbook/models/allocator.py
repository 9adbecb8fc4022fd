"""How much memory a computation needs when memory is given back as soon as nothing needs it any more.

ggml plans its graphs like this (`ggml-alloc.c`): the best fitting gap is taken, else the end grows; a tensor may take
the place of an input that nobody else needs; gaps that touch become one. Gaps that do not fit stay unused, so the
result is more than the largest sum of live tensors, and no closed formula has it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from typing import Final

from runbook.models.tape import Cell, Tape

ALIGNMENT: Final = 32
ENDLESS: Final = 1 << 62


class Arena:
    """Memory that grows at its end and remembers its gaps."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        # Gaps as (offset, size), by offset; the last one is the open end.
        self._gaps: list[tuple[int, int]] = [(0, ENDLESS)]

    def take(self, size: int) -> int:
        """The offset of a place of that size."""
        wanted = _aligned(size)
        best = min(
            ((gap, -at, index) for index, (at, gap) in enumerate(self._gaps[:-1]) if gap >= wanted),
            default=(0, 0, len(self._gaps) - 1),
        )[2]
        offset, gap = self._gaps[best]
        if gap == wanted:
            del self._gaps[best]
        else:
            self._gaps[best] = (offset + wanted, gap - wanted)
        self.peak_bytes = max(self.peak_bytes, offset + wanted)
        return offset

    def give(self, offset: int, size: int) -> None:
        """Return a place."""
        size = _aligned(size)
        index = bisect_left(self._gaps, (offset, 0))
        if index < len(self._gaps) and self._gaps[index][0] == offset + size:
            size += self._gaps.pop(index)[1]
        if index and sum(self._gaps[index - 1]) == offset:
            offset, before = self._gaps.pop(index - 1)
            size += before
        insort(self._gaps, (offset, size))


def peak_bytes(tape: Tape) -> int:
    """Bytes that a computation needs at most."""
    return _Run(tape).peak_bytes


class _Run:
    """One pass over a tape; what is still needed, by whom, and where it lies."""

    def __init__(self, tape: Tape) -> None:
        self._arena = Arena()
        self._children: Counter[int] = Counter()
        self._views: Counter[int] = Counter()
        self._offsets: dict[int, int] = {}
        for leaf in tape.leaves:
            self._place(leaf)
        for step in tape.steps:
            if step.view_of is not None:
                self._views[id(step.view_of)] += 1
            self._children.update(map(id, step.sources))
        for step in tape.steps:
            self._place(step)
            for source in step.sources:
                self._release(source)
        self.peak_bytes = self._arena.peak_bytes

    def _place(self, cell: Cell) -> None:
        if cell.external or cell.view_of is not None or id(cell) in self._offsets:
            return
        if cell.overwrites and any(self._overwrite(cell, source) for source in cell.sources):
            return
        self._offsets[id(cell)] = self._arena.take(cell.bytes)

    def _overwrite(self, cell: Cell, source: Cell) -> bool:
        root = source.view_of or source
        if id(root) not in self._offsets or not cell.has_layout_of(source):
            return False
        if self._children[id(source)] != 1 or self._views[id(source)]:
            return False
        if source.view_of is not None and (self._views[id(root)] != 1 or self._children[id(root)]):
            return False
        offset = self._offsets.pop(id(root))
        self._offsets[id(cell)] = offset
        spare = _aligned(root.bytes) - _aligned(cell.bytes)
        if spare:
            self._arena.give(offset + _aligned(cell.bytes), spare)
        return True

    def _release(self, source: Cell) -> None:
        self._children[id(source)] -= 1
        if self._children[id(source)] or self._views[id(source)]:
            return
        root = source
        if source.view_of is not None:
            root = source.view_of
            self._views[id(root)] -= 1
            if self._views[id(root)] or self._children[id(root)]:
                return
        if id(root) in self._offsets:
            self._arena.give(self._offsets.pop(id(root)), root.bytes)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
