"""keep_alive: one name, two readers. What Ollama 0.15.6 makes of a value depends on where it stands.

In a request a number is seconds and a text must be a duration with a unit; as the server's OLLAMA_KEEP_ALIVE a bare
number is seconds as well. Karakeep sends the value of its own OLLAMA_KEEP_ALIVE as a text with every request, and a
request overrides the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runbook.checks import Check

_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)"


@dataclass(frozen=True)
class KeepAlive:
    """What the server makes of a value.

    Attributes:
        accepted: Whether it takes it.
        seconds: How long the model stays; None where that is for ever, or where the value is refused.
        meaning: The same in words; the server's words where it refuses.
    """

    accepted: bool
    seconds: float | None
    meaning: str


def in_request(value: str | float) -> KeepAlive:
    """What the server makes of a value in the JSON of a request."""
    if isinstance(value, str):
        seconds = _duration_s(value)
        if seconds is None:
            bare = re.fullmatch(r"[-+]?\d+(\.\d*)?", value)
            return KeepAlive(False, None, "400, missing unit in duration" if bare else "400, invalid duration")
        return _staying(seconds)
    return _staying(float(value))


def in_environment(value: str | float) -> KeepAlive:
    """What the server makes of a value as its own OLLAMA_KEEP_ALIVE; what it cannot read it ignores."""
    text = str(value)
    seconds = _duration_s(text)
    if seconds is None and re.fullmatch(r"[-+]?\d+", text):
        seconds = float(text)
    return _staying(seconds) if seconds is not None else KeepAlive(False, None, "ignored; 5 minutes instead")


def keep_alive_check(value: str | float) -> Check:
    """Whether Karakeep's OLLAMA_KEEP_ALIVE is one that the server takes from a request."""
    text = str(value).strip('"')
    found = in_request(text)
    return Check.that(
        "Karakeep's OLLAMA_KEEP_ALIVE is a duration with a unit",
        found.accepted,
        f"{text}: {found.meaning}",
        f"Write {proposal(text)}.",
    )


def proposal(value: str) -> str:
    """The text that means in a request what a bare number was meant to mean."""
    if not re.fullmatch(r"[-+]?\d+(\.\d*)?", value):
        return "5m"
    return "-1m" if value.startswith("-") else f"{value.lstrip('+')}s"


def _staying(seconds: float) -> KeepAlive:
    if seconds < 0:
        return KeepAlive(True, None, "stays for ever")
    return KeepAlive(True, seconds, f"stays {seconds:g} s" if seconds else "is unloaded at once")


def _duration_s(text: str) -> float | None:
    """The seconds of a Go duration such as 1h30m; None where it is not one. A bare 0 is one."""
    unsigned = text[1:] if text.startswith(("+", "-")) else text
    sign = -1.0 if text.startswith("-") else 1.0
    if unsigned == "0":
        return 0.0
    if not re.fullmatch(f"(?:{_PART})+", unsigned):
        return None
    return sign * sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(_PART, unsigned))
