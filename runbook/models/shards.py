"""A model in several files: `name-00001-of-00003.gguf` and the others, read as one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from runbook.errors import ModelFileError
from runbook.models.gguf import GgufHeader
from runbook.models.reading import read_gguf

SHARD: Final = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
MOST_SHARDS: Final = 1024


def read_model(path: str | Path) -> GgufHeader:
    """The header of a model, whether it is one file or several of which any may be named.

    Raises:
        ModelFileError: A file is missing, is no GGUF, is cut off, or the shards do not belong together.
    """
    file = Path(path)
    match = SHARD.fullmatch(file.name)
    return read_gguf(file) if match is None else _joined(file, match["stem"], int(match["count"]))


def _joined(file: Path, stem: str, count: int) -> GgufHeader:
    paths = [file.with_name(f"{stem}-{number:05d}-of-{count:05d}.gguf") for number in range(1, count + 1)]
    missing = [path.name for path in paths[:MOST_SHARDS] if not path.is_file()]
    if not paths or count > MOST_SHARDS or missing:
        raise ModelFileError(
            f"{file.name} is one of {count} shards, and not all are there",
            why=f"missing: {', '.join(missing[:5])}" if missing else f"no model has {count} shards",
            next="fetch the other files into the same folder",
        )
    headers = [read_gguf(path) for path in paths]
    first = headers[0]
    stated = first.metadata.get("split.count", count)
    if stated != count:
        raise ModelFileError(
            f"{paths[0].name} says that it has {stated} shards",
            why=f"its name says {count}",
            next="fetch all files again from one publisher",
        )
    return replace(
        first,
        tensors=tuple(one for header in headers for one in header.tensors),
        file_bytes=sum(header.file_bytes or 0 for header in headers),
    )
