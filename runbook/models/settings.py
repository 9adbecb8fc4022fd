"""The settings of an architecture, as the shapes of its tensors are worked out from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """The settings of an architecture by their key without its name.

    Attributes:
        values: Numbers, texts, and lists that say something for each layer.
    """

    values: Mapping[str, Any]

    def number(self, key: str, default: int = 0) -> int:
        """A setting that is one number."""
        found = self.values.get(key, default)
        return found if isinstance(found, int) else default

    def at(self, key: str, layer: int, default: int = 0) -> int:
        """A setting of a layer: its own where each layer has one, else that of all."""
        found = self.values.get(key, default)
        return int(found[layer]) if isinstance(found, tuple) else self.number(key, default)

    @property
    def embedding(self) -> int:
        """Width of the hidden state."""
        return self.number("embedding_length")

    @property
    def inner(self) -> int:
        """Width of the inner layer."""
        return self.number("feed_forward_length")

    @property
    def key_length(self) -> int:
        """Length of a key of one head."""
        return self.number("attention.key_length", self.embedding // max(1, self.number("attention.head_count", 1)))

    @property
    def value_length(self) -> int:
        """Length of a value of one head."""
        return self.number("attention.value_length", self.key_length)
