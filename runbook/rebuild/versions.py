"""The versions of everything in a run, as `versions.json`: what to give to whoever asks what runs there.

```
{"schema": 1, "run": "...", "target": "...", "startedAt": "...", "verdict": "succeeded",
 "project": {"version": "0.1.0", "gitCommit": "...", "gitDirty": false, ...},
 "machine": {"python": "...", ...}, "packages": {"httpx": "...", ...},
 "cluster": {"context": "...", "version": "...", ...}, "nodes": [{"name": "...", "kubelet_version": "...", ...}],
 "ollama": {"image": "...", "image_id": "..."}, "models": [{"name": "...", "digest": "...", ...}],
 "files": {"manifests/ai/ollama-deployment.yaml": "sha256:...", ...}}
```
What no step found is null.
"""

from __future__ import annotations

from typing import Any

from runbook import __version__
from runbook.rebuild.index import known_results
from runbook.rebuild.outcome import RunResult
from runbook.record import RunFolder, dumps, read_journal, write_atomic

SCHEMA = 1
NAME = "versions.json"
NODE = ("name", "kubelet_version", "container_runtime", "kernel", "os_image", "architecture")
MODEL = ("name", "digest", "size_bytes", "family", "parameter_size", "quantization")


def write_versions(folder: RunFolder, result: RunResult) -> None:
    """Write `versions.json`.

    Raises:
        RecordError: The journal or the results are damaged.
        OSError: It cannot be written.
    """
    write_atomic(folder.path / NAME, dumps(versions(folder, result), indent=1) + "\n")


def versions(folder: RunFolder, result: RunResult) -> dict[str, Any]:
    """The versions of everything in a run.

    Raises:
        RecordError: The journal or the results are damaged.
    """
    begun = read_journal(folder.journal).events[0]
    known, said = known_results(folder), begun.fields
    rollout = known.get("rollout") or {}
    return {
        "schema": SCHEMA,
        "run": folder.id,
        "target": said["target"],
        "startedAt": begun.at,
        "verdict": result.verdict,
        "project": {"version": __version__, **said["source"]},
        "machine": said["host"],
        "packages": said["packages"],
        "cluster": said["cluster"] or known.get("cluster"),
        "nodes": _chosen((known.get("hardware") or {}).get("nodes"), NODE),
        "ollama": {"image": rollout.get("image", said["parameters"]["image"]), "image_id": rollout.get("image_id")},
        "models": _chosen(known.get("models"), MODEL),
        "files": {one["name"]: f"sha256:{one['digest']['sha256']}" for one in said["materials"]},
    }


def _chosen(found: Any, keys: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """Some fields of each object in a list; None where there is no such result."""
    return [{key: one.get(key) for key in keys} for one in found] if isinstance(found, list) else None
