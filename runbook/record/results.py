"""The results of a run: `results.json`, the figures that later steps, the index and a comparison read.

```
{"schema": 1,
 "steps": {"01_hardware": {"hardware": {...}}, ...},
 "undefined": {"06_measure.measurements[0].load_s": "not a number"}}
```
Each step writes under its own name, and a step that runs again replaces what it wrote before. What a skipped step
kept in an earlier run is taken over, and `carried` names the run and the event that proves it, by step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.record.files import write_atomic
from runbook.record.journal import Journal
from runbook.record.strict import Json, dumps, loads, to_json

SCHEMA = 1


class Results:
    """The results in a run folder; its journal's lock keeps two writers apart.

    Args:
        path: The file `results.json`; a missing one is empty.
        journal: The journal of the same folder.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        self.path = path
        self.journal = journal

    def create(self) -> None:
        """Write the file without results, where it is missing.

        Raises:
            RecordError: It cannot be written.
        """
        with self.journal.locked():
            if not self.path.exists():
                self._write(self._read())

    def put(self, step: str, key: str, value: object) -> Json:
        """Keep a value under a key of a step, masked and in strict JSON, and return it as kept.

        Raises:
            TypeError: The value has no form in JSON.
            RecordError: The file is damaged, or cannot be written.
        """
        plain, undefined = to_json({key: value})
        kept = self.journal.redactor.value(plain)
        with self.journal.locked():
            content = self._read()
            content["steps"].setdefault(step, {}).update(kept)
            own = f"{step}.{key}"
            others = {path: why for path, why in content["undefined"].items() if not _is_inside(path, own)}
            content["undefined"] = others | {f"{step}.{path}": why for path, why in undefined.items()}
            self._write(content)
        result: Json = kept[key]
        return result

    def forget(self, step: str) -> None:
        """Drop what a step wrote: it starts again."""
        with self.journal.locked():
            content = self._read()
            if content["steps"].pop(step, None) is not None:
                content["undefined"] = {
                    path: why for path, why in content["undefined"].items() if not _is_inside(path, step)
                }
                self._write(content)

    def carry(
        self, step: str, kept: Mapping[str, Json], undefined: Mapping[str, str], origin: Mapping[str, Json]
    ) -> None:
        """Take over what a step kept in an earlier run, as it is, and say where it comes from.

        Raises:
            RecordError: The file is damaged, or cannot be written.
        """
        with self.journal.locked():
            content = self._read()
            content["steps"][step] = dict(kept)
            content["undefined"] |= undefined
            content.setdefault("carried", {})[step] = dict(origin)
            self._write(content)

    def read(self) -> dict[str, dict[str, Any]]:
        """Every result, by step and key.

        Raises:
            RecordError: The file is damaged.
        """
        steps: dict[str, dict[str, Any]] = self._read()["steps"]
        return steps

    def undefined(self) -> dict[str, str]:
        """Why a figure is null, by the path to it.

        Raises:
            RecordError: The file is damaged.
        """
        reasons: dict[str, str] = self._read()["undefined"]
        return reasons

    def find(self, key: str) -> Any:
        """A result by its key alone, from the last step that has it.

        Raises:
            KeyError: No step has it.
        """
        for _, kept in sorted(self.read().items(), reverse=True):
            if key in kept:
                return kept[key]
        raise KeyError(key)

    def _read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {"schema": SCHEMA, "steps": {}, "undefined": {}}
        try:
            content = loads(self.path.read_bytes())
            schema, _, _ = content["schema"], content["steps"].items(), content["undefined"].items()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{self.path.name} is damaged.", why=str(error)) from error
        if schema != SCHEMA:
            raise RecordError(f"{self.path.name} has schema {schema}; this version reads schema {SCHEMA}.")
        whole: dict[str, Any] = content
        return whole

    def _write(self, content: dict[str, Any]) -> None:
        try:
            write_atomic(self.path, dumps(content, indent=1) + "\n")
        except OSError as error:
            raise RecordError(f"{self.path.name} cannot be written.", why=str(error)) from error


def digest(kept: Json) -> str:
    """SHA-256 of a result as kept, in hexadecimal: what the journal says of it."""
    return hashlib.sha256(dumps(kept).encode()).hexdigest()


def _is_inside(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))
