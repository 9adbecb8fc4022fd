"""An Ollama store on disk: manifests by name, blobs by digest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runbook.errors import ModelFileError
from runbook.models.artifact import Artifact, read_artifact
from runbook.models.names import DEFAULT_HOST, DEFAULT_NAMESPACE, reference


def read_store(folder: str | Path, name: str) -> Artifact:
    """A model of a store, from its manifest and the headers of its blobs.

    Args:
        folder: The store: what OLLAMA_MODELS names.
        name: The model's name, short or full.

    Raises:
        UsageError: The name is none.
        ModelFileError: The store has no such model, or one of its blobs is missing or damaged.
    """
    store = Path(folder)
    path = store.joinpath("manifests", *reference(name).parts)
    if not path.is_file():
        raise ModelFileError(
            f"the store has no model {name}",
            why=f"it has {', '.join(stored_names(store)) or 'none'}",
            next=f"ollama pull {name}",
        )

    def fetch(digest: str, offset: int, count: int) -> bytes:
        blob = store / "blobs" / digest.replace(":", "-")
        try:
            with blob.open("rb") as opened:
                opened.seek(offset)
                return opened.read(count)
        except OSError as error:
            raise ModelFileError(
                f"the store lacks a blob of {name}", why=f"{digest}: {error.strerror}", next=f"ollama pull {name}"
            ) from error

    return read_artifact(name, path.read_bytes(), fetch)


def stored_names(folder: str | Path) -> tuple[str, ...]:
    """The names of all models of a store, short where they can be, sorted."""
    return tuple(sorted(_names(Path(folder) / "manifests")))


def _names(manifests: Path) -> Iterator[str]:
    for path in manifests.glob("*/*/*/*"):
        if path.is_file():
            host, namespace, model, tag = path.relative_to(manifests).parts
            before = "" if host == DEFAULT_HOST else f"{host}/"
            owner = "" if (namespace == DEFAULT_NAMESPACE and not before) else f"{namespace}/"
            yield f"{before}{owner}{model}:{tag}"
