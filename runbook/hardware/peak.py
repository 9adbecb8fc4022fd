"""What the memory could deliver at most: from the modules that a target names, or from the CPU's data sheet.

Peak = channels x transfers per second x 8 bytes, a channel being 64 bits wide; the two halves of a DDR5 module count
as one. A CPU that is not in the table has no figure: what modules it carries cannot be seen from inside a pod, so
nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

CHANNEL_BYTES: Final = 8
MODULES: Final = re.compile(r"([1-9]\d?)x(LPDDR|DDR)([2-5]X?)-(\d{3,5})", re.ASCII)

# Words of the CPU model, its channels of 64 bits, its fastest memory in megatransfers per second, and which memory
# that is. Source: the vendors' data sheets, the fastest memory each of them states.
DATA_SHEETS: Final = (
    ("i5-6500T", 2, 2133, "DDR4-2133"),
    ("i5-7500T", 2, 2400, "DDR4-2400"),
    ("i5-8500T", 2, 2666, "DDR4-2666"),
    ("i5-9500T", 2, 2666, "DDR4-2666"),
    ("i5-10400T", 2, 2666, "DDR4-2666"),
    ("i5-10500T", 2, 2666, "DDR4-2666"),
    ("i7-8700T", 2, 2666, "DDR4-2666"),
    ("i7-10700T", 2, 2933, "DDR4-2933"),
    ("N100", 1, 4800, "DDR5-4800"),
    ("N305", 1, 4800, "DDR5-4800"),
    ("J4125", 2, 2400, "DDR4-2400"),
    ("Ryzen 5 5600G", 2, 3200, "DDR4-3200"),
    ("Ryzen 7 5700G", 2, 3200, "DDR4-3200"),
)


@dataclass(frozen=True)
class Peak:
    """The most that the memory of a machine can deliver.

    Attributes:
        gb_per_s: In GB/s, a thousand million bytes.
        source: Where it is from, in words.
    """

    gb_per_s: float
    source: str


def peak_of(cpu_model: str, modules: str | None = None) -> Peak | None:
    """The peak of a machine; None where neither the target nor the table of data sheets knows it.

    Args:
        cpu_model: The CPU model as the kernel spells it.
        modules: What the target says of its memory: `2xDDR4-2666`, channels by transfers.

    Raises:
        ValueError: `modules` has another form.
    """
    if modules:
        return Peak(round(module_gb_per_s(modules), 1), f"{modules}, from the target")
    for name, channels, transfers, memory in DATA_SHEETS:
        if re.search(rf"\b{re.escape(name)}\b", cpu_model):
            peak = channels * transfers * CHANNEL_BYTES / 1000
            return Peak(round(peak, 1), f"at most, with {channels}x{memory}, from the data sheet of the {name}")
    return None


def module_gb_per_s(modules: str) -> float:
    """GB/s of memory written as `2xDDR4-2666`: two channels, 2,666 million transfers per second, 8 bytes each.

    Raises:
        ValueError: The text has another form.
    """
    match = MODULES.fullmatch(modules)
    if match is None:
        raise ValueError(f"{modules!r} is no memory such as 2xDDR4-2666")
    return int(match[1]) * int(match[4]) * CHANNEL_BYTES / 1000
