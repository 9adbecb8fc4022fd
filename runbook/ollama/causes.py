"""What the server's words mean: a cause has a pattern, a meaning, a remedy, and says whether asking again can help."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from runbook.ollama.stream import StreamFault


@dataclass(frozen=True)
class Cause:
    """One known reason of a failure.

    Attributes:
        name: The cause in two or three words.
        pattern: What the words, or the kind of the fault, match.
        meaning: What is wrong, as the end of a sentence.
        remedy: What to do; `{model}` is put in.
        retry: Whether asking again can help.
    """

    name: str
    pattern: str
    meaning: str
    remedy: str
    retry: bool = False


def recognise(causes: Iterable[Cause], fault: StreamFault, otherwise: Cause) -> Cause:
    """The first cause that the server's words show; where the server said nothing, that of the fault's kind."""
    text = fault.words if fault.said_by_server else fault.kind
    return next((cause for cause in causes if re.search(cause.pattern, text, re.IGNORECASE)), otherwise)
