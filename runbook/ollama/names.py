"""Names of models as Ollama reads them: `host/namespace/model:tag`, where all but the model has a default.

Two names are the same model when all four parts are equal, capitals aside: `moondream` is `moondream:latest`, and
`registry.ollama.ai/library/moondream:latest` as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from runbook.errors import UsageError

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"


@dataclass(frozen=True)
class ModelName:
    """A model's name with every part filled in.

    Attributes:
        host: The registry, with its port where it has one.
        namespace: The folder on the registry.
        model: The model itself.
        tag: The variant, mostly its size.
    """

    host: str
    namespace: str
    model: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that a text stands for.

        Raises:
            UsageError: A part is empty, or there are more than host, namespace and model.
        """
        path, colon, tag = text.rpartition(":")
        if not colon or "/" in tag:  # the colon of a port
            path, tag = text, DEFAULT_TAG
        parts = path.split("/")
        if len(parts) > 3 or not all(parts) or not tag:
            raise UsageError(
                f"{text!r} is not the name of a model.",
                why="Ollama reads at most host/namespace/model:tag, and no part may be empty.",
                next="Write a name such as qwen3:1.7b.",
            )
        host, namespace, model = [DEFAULT_HOST, DEFAULT_NAMESPACE][: 3 - len(parts)] + parts
        return cls(host, namespace, model, tag)

    @property
    def short(self) -> str:
        """The shortest text that stands for this name; the tag is always written, as Ollama lists it."""
        if self.host.lower() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"
        folder = "" if self.namespace.lower() == DEFAULT_NAMESPACE else f"{self.namespace}/"
        return f"{folder}{self.model}:{self.tag}"

    def same_as(self, other: ModelName) -> bool:
        """Whether both stand for one model."""
        return self._folded() == other._folded()

    def _folded(self) -> tuple[str, ...]:
        return tuple(part.lower() for part in (self.host, self.namespace, self.model, self.tag))


def same_model(one: str, other: str) -> bool:
    """Whether two texts stand for one model.

    Raises:
        UsageError: One of them is not the name of a model.
    """
    return ModelName.parse(one).same_as(ModelName.parse(other))


def mirror_name(registry: str, name: str) -> str:
    """The name under which a mirror (`host:port/folder`) holds a model.

    A model of Ollama's own library lies in the mirror's folder. One of somebody else's namespace keeps it, since a
    name has only one folder.

    Raises:
        UsageError: The name already says which registry it comes from, or one of the two is not a name.
    """
    wanted = ModelName.parse(name)
    if wanted.host.lower() != DEFAULT_HOST:
        raise UsageError(
            f"{name} names its own registry, {wanted.host}, and cannot come from the mirror {registry}.",
            next="Name the model without a host, or leave `registry` out of the target.",
        )
    host, _, folder = registry.partition("/")
    namespace = folder if wanted.namespace.lower() == DEFAULT_NAMESPACE else wanted.namespace
    return ModelName.parse(f"{host}/{namespace}/{wanted.model}:{wanted.tag}").short
