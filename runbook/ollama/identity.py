"""Whether a model is the one it was: a tag is a name, and what lies behind it may change; its digest may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.ollama.names import same_model
from runbook.ollama.room import expected_bytes
from runbook.ollama.stored import StoredModel

# Template, licence and settings lie beside the weights: 24 kB at the most among the models of the catalogue.
BESIDE_BYTES = 1_000_000


@dataclass(frozen=True)
class Identity:
    """A model against what is known of it.

    Attributes:
        model: Its name.
        digest: SHA-256 of its manifest.
        size_bytes: All its layers together.
        before_digest: The same in the record of an earlier run; empty where there is none.
        before_run: That run.
        catalogue_bytes: The size of its files in the catalogue; 0 where it does not know.
        verdict: `as before`, `changed`, or `new` where no record has it.
        words: What differs, or what it agrees with.
    """

    model: str
    digest: str
    size_bytes: int
    before_digest: str
    before_run: str
    catalogue_bytes: int
    verdict: str
    words: str


def identities(
    stored: Iterable[StoredModel], names: Iterable[str], before: Iterable[Mapping[str, Any]] = (), run: str = ""
) -> tuple[Identity, ...]:
    """Each model that is there, against the catalogue and against an earlier record.

    Args:
        stored: What the server lists.
        names: The models that matter.
        before: What an earlier run kept of `/api/tags`: `name` and `digest` count.
        run: The name of that run.
    """
    held, kept = tuple(stored), tuple(before)
    return tuple(
        _identity(name, model, next((str(old["digest"]) for old in kept if same_model(old["name"], name)), ""), run)
        for name in names
        for model in held
        if same_model(model.name, name)
    )


def _identity(name: str, model: StoredModel, before: str, run: str) -> Identity:
    known = expected_bytes(name)
    verdict = "new" if not before else "as before" if before == model.digest else "changed"
    words = {
        "new": "no earlier record has it",
        "as before": f"the digest of {run}",
        "changed": f"the tag {name} was {before[:12]} in {run} and is {model.digest[:12]} now",
    }[verdict]
    return Identity(
        name, model.digest, model.size_bytes, before, run if before else "", known, verdict, words + _size(model, known)
    )


def _size(model: StoredModel, known: int) -> str:
    if not known:
        return "; the catalogue does not know its size"
    beside = model.size_bytes - known
    if 0 <= beside <= BESIDE_BYTES:
        return "; of the size in the catalogue"
    return f"; the catalogue says {known:,} bytes, the server {model.size_bytes:,}: another file under the same name"
