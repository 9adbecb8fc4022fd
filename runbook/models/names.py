"""Names of models as Ollama reads them: host, namespace, model and tag, the first two and the tag with defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from runbook.errors import UsageError

DEFAULT_HOST: Final = "registry.ollama.ai"
DEFAULT_NAMESPACE: Final = "library"
DEFAULT_TAG: Final = "latest"
# A part that begins with a letter or digit cannot leave a folder.
PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,349}")


@dataclass(frozen=True)
class Reference:
    """A model's full name.

    Attributes:
        host: Registry, with its port where it has one.
        namespace: Whose model it is.
        model: Its name.
        tag: Its tag.
    """

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """The four parts, as Ollama lays them out as folders."""
        return self.host, self.namespace, self.model, self.tag


def reference(name: str) -> Reference:
    """The full name behind a short one: `qwen3:1.7b` is `registry.ollama.ai/library/qwen3:1.7b`.

    Raises:
        UsageError: It is no model's name.
    """
    path, _, last = name.rpartition("/")
    model, _, tag = last.partition(":")
    before = path.split("/") if path else []
    parts = [*[DEFAULT_HOST, DEFAULT_NAMESPACE][: 2 - len(before)], *before, model, tag or DEFAULT_TAG]
    if len(parts) != 4 or not all(PART.fullmatch(part) and ".." not in part for part in parts):
        raise UsageError(
            f"{name!r} is not a model's name", why="names are [host/[namespace/]]model[:tag]", next="ollama list"
        )
    return Reference(*parts)
