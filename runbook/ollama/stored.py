"""What a server holds: models on its disk (`/api/tags`) and models in its memory (`/api/ps`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook.checks import Check
from runbook.ollama.names import ModelName, same_model


@dataclass(frozen=True)
class StoredModel:
    """A model on the server's disk.

    Attributes:
        name: Its name as the server lists it, with the tag.
        digest: SHA-256 of its manifest, 64 hexadecimal digits.
        size_bytes: All its layers together.
        quantization: The type of most of its weights, such as Q4_K_M.
        family: The architecture, such as gemma3.
        parameter_size: The number of parameters as the server words it, such as 268.10M.
    """

    name: str
    digest: str
    size_bytes: int
    quantization: str = ""
    family: str = ""
    parameter_size: str = ""

    @classmethod
    def of(cls, listed: Mapping[str, Any]) -> StoredModel:
        """A model as `/api/tags` lists it."""
        details = listed.get("details") or {}
        return cls(
            name=listed["name"],
            digest=listed.get("digest", ""),
            size_bytes=int(listed.get("size", 0)),
            quantization=details.get("quantization_level", ""),
            family=details.get("family", ""),
            parameter_size=details.get("parameter_size", ""),
        )


@dataclass(frozen=True)
class LoadedModel:
    """A model in the server's memory.

    Attributes:
        name: Its name as the server lists it, with the tag.
        size_bytes: The memory that the server says it takes; the legacy runner leaves parts out.
        size_vram_bytes: How much of that is on a GPU: 0 on a CPU.
        context_length: The context that is allocated, in tokens, after clamping to the trained length.
        expires_at: When the server will unload it, by its own clock.
        expires_in_s: How long that is from the moment of the answer, by the server's own clock, in seconds.
    """

    name: str
    size_bytes: int
    size_vram_bytes: int
    context_length: int
    expires_at: datetime
    expires_in_s: float

    @classmethod
    def of(cls, listed: Mapping[str, Any], now: datetime) -> LoadedModel:
        """A model as `/api/ps` lists it; `now` is the server's clock."""
        expires_at = datetime.fromisoformat(listed["expires_at"])
        return cls(
            name=listed["name"],
            size_bytes=int(listed.get("size", 0)),
            size_vram_bytes=int(listed.get("size_vram", 0)),
            context_length=int(listed.get("context_length", 0)),
            expires_at=expires_at,
            expires_in_s=(expires_at - now).total_seconds(),
        )


def find_stored(name: str, stored: Iterable[StoredModel]) -> StoredModel | None:
    """The model of that name on the server's disk; `moondream` finds `moondream:latest`."""
    return next((model for model in stored if same_model(name, model.name)), None)


def find_loaded(name: str, loaded: Iterable[LoadedModel]) -> LoadedModel | None:
    """The model of that name in the server's memory."""
    return next((model for model in loaded if same_model(name, model.name)), None)


def missing_models(wanted: Iterable[str], stored: Iterable[StoredModel]) -> tuple[str, ...]:
    """The names among `wanted` that the server's disk lacks, as they were written."""
    held = tuple(stored)
    return tuple(name for name in wanted if find_stored(name, held) is None)


def presence_checks(wanted: Iterable[str], stored: Iterable[StoredModel]) -> tuple[Check, ...]:
    """One check per wanted model: present with digest and size, or missing."""
    held = tuple(stored)
    return tuple(_presence(name, find_stored(name, held)) for name in wanted)


def _presence(name: str, found: StoredModel | None) -> Check:
    title = f"Model {ModelName.parse(name).short} is on the volume"
    if found is None:
        return Check.that(title, False, "not listed by the server", "Run 04_pull.")
    return Check.that(title, True, f"present, digest {found.digest[:12]}, {found.size_bytes:,} bytes")
