"""A model as an Ollama registry or store keeps it: a manifest whose layers are blobs, named by their digests.

The same for a store on disk and a registry far away: only how the bytes of a blob are fetched differs, and of the
model's blob only the header is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from runbook.errors import ModelFileError
from runbook.models.gguf import GgufHeader
from runbook.models.reading import read_header

FetchBlob = Callable[[str, int, int], bytes]
"""Bytes of the blob with a digest: from an offset, at most so many."""

MEDIA: Final = "application/vnd.ollama.image."
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
MOST_PARAMETER_BYTES: Final = 1 << 20
REMOTE_PIECE_BYTES: Final = 4 << 20


@dataclass(frozen=True)
class Artifact:
    """A model with what its publisher set beside the weights.

    Attributes:
        name: Its name.
        digest: Digest of the model's file.
        header: Its header, with that of its projector.
        bytes: Size of all its layers.
        parameters: What its publisher set, such as `num_ctx`.
    """

    name: str
    digest: str
    header: GgufHeader
    bytes: int
    parameters: Mapping[str, Any]

    @property
    def context_length(self) -> int | None:
        """The context its publisher set, in tokens; None where none is set."""
        found = self.parameters.get("num_ctx")
        return found if isinstance(found, int) and not isinstance(found, bool) else None


def read_artifact(name: str, manifest: bytes | Mapping[str, Any], fetch: FetchBlob) -> Artifact:
    """The model behind a manifest, from the headers of its blobs alone.

    Args:
        name: Name of the model, for messages.
        manifest: The manifest, as bytes or parsed.
        fetch: Gives bytes of a blob; for a registry, a range request.

    Raises:
        ModelFileError: The manifest is none, or a blob is not what it should be.
    """
    layers = _layers(name, manifest)
    model = _only(name, layers, "model")
    projector = next((layer for layer in layers if layer["mediaType"] == f"{MEDIA}projector"), None)
    header = _header(name, model, fetch)
    if projector is not None:
        header = replace(header, projector=_header(f"{name} (projector)", projector, fetch))
    return Artifact(
        name,
        model["digest"],
        header,
        sum(int(layer.get("size", 0)) for layer in layers),
        _parameters(name, layers, fetch),
    )


def _layers(name: str, manifest: bytes | Mapping[str, Any]) -> list[Mapping[str, Any]]:
    try:
        read: Any = json.loads(manifest) if isinstance(manifest, bytes) else manifest
        layers: list[Mapping[str, Any]] = [dict(layer) for layer in read["layers"]]
        bad = [layer for layer in layers if not DIGEST.fullmatch(layer["digest"]) or not layer["mediaType"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelFileError(
            f"the manifest of {name} is none",
            why=f"{type(error).__name__}: {error}",
            next="check the name and the address",
        ) from error
    if bad:
        raise ModelFileError(
            f"the manifest of {name} names a blob that is none",
            why=repr(bad[0]["digest"])[:80],
            next="check the registry",
        )
    return layers


def _only(name: str, layers: list[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    for layer in layers:
        if layer["mediaType"] == MEDIA + kind:
            return layer
    found = ", ".join(sorted({str(layer["mediaType"]).removeprefix(MEDIA) for layer in layers}))
    raise ModelFileError(
        f"{name} has no GGUF model", why=f"its layers are: {found or 'none'}", next="choose a model in GGUF format"
    )


def _header(name: str, layer: Mapping[str, Any], fetch: FetchBlob) -> GgufHeader:
    digest = layer["digest"]
    size = layer.get("size")
    return read_header(
        lambda offset, count: fetch(digest, offset, count),
        source=name,
        size_bytes=size if isinstance(size, int) else None,
        piece_bytes=REMOTE_PIECE_BYTES,
    )


def _parameters(name: str, layers: list[Mapping[str, Any]], fetch: FetchBlob) -> Mapping[str, Any]:
    layer = next((layer for layer in layers if layer["mediaType"] == f"{MEDIA}params"), None)
    if layer is None:
        return {}
    try:
        found: Any = json.loads(fetch(layer["digest"], 0, MOST_PARAMETER_BYTES))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"the parameters of {name} are no JSON", why=str(error), next="pull the model again"
        ) from error
    return found if isinstance(found, dict) else {}
