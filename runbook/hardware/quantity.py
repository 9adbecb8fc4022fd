"""Kubernetes quantities: `500m`, `6Gi`, `1e3`, `16332532Ki`, each an exact number."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

# The suffixes that apimachinery's resource.Quantity knows; a bare exponent is the third form.
SUFFIXES: Final = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
# No exponent or length that would make the arithmetic with it expensive.
FORM: Final = re.compile(
    r"([+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?",
    re.ASCII,
)


@lru_cache(maxsize=4096)
def parse_quantity(text: str) -> Decimal:
    """The exact number that a Kubernetes quantity stands for, in cores or bytes or whatever it counts.

    Raises:
        ValueError: The text is no quantity.
    """
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a Kubernetes quantity; 500m, 2, 6Gi and 1e3 are")
    number, suffix, exponent = match.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else SUFFIXES[suffix or ""])
