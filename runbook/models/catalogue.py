"""The catalogue: models the project knows, with what is known of each and where it comes from.

`catalogue.yaml` is the data, validated when it is read. What is not known is absent. Adding a model is one entry.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass as checked
from ruamel.yaml import YAML

from runbook.errors import UsageError
from runbook.models.blocks import BLOCKS
from runbook.models.clip import Clip, clip_header
from runbook.models.gguf import GgufHeader
from runbook.models.layout import Layout, Types, header_of
from runbook.models.tensor_types import BY_NAME

Role = Literal["recommended", "alternative", "fallback", "rejected", "local"]
Capability = Literal["completion", "vision", "tools", "thinking", "embedding", "insert"]
Positive = Annotated[int, Field(gt=0)]


STRICT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@checked(frozen=True, config=STRICT)
class Fault:
    """A fault that is known of a model, and where it applies.

    Attributes:
        what: What goes wrong.
        applies_to: The versions or settings it applies to.
        remedy: What helps.
        source: Where it was reported or seen.
    """

    what: str
    applies_to: str
    remedy: str
    source: str


@checked(frozen=True, config=STRICT)
class PlanFigures:
    """What the reference homelab's plan says of a model: estimates, nobody measured them.

    Attributes:
        role: Its place in the plan.
        reason: The plan's reason for it, in our words.
        disk_gb: Size on disk, in GB.
        ram_gb: Memory, from and to, in GB.
        tokens_per_second: Speed on an i5-10400T, from and to.
        seconds_per_item: Time for one bookmark or image, from and to.
    """

    role: str
    reason: str
    disk_gb: float | None = None
    ram_gb: tuple[float, float] | None = None
    tokens_per_second: tuple[float, float] | None = None
    seconds_per_item: tuple[float, float] | None = None


class Stored(_Strict):
    """How the tensors are stored: the input of `runbook.models.layout`.

    Attributes:
        metadata: Settings of the architecture, by their key in the file without its name.
        vocabulary: Number of tokens.
        tied: Whether the output uses the token embeddings.
        types: Type of each kind of tensor; two for those that llama.cpp stores better in some layers.
    """

    metadata: dict[str, int | tuple[int, ...]]
    vocabulary: Positive
    tied: bool
    types: dict[str, str | tuple[str, str]]

    @model_validator(mode="after")
    def _known(self) -> Stored:
        used = {name for value in self.types.values() for name in ([value] if isinstance(value, str) else value)}
        if unknown := used - BY_NAME.keys():
            raise ValueError(f"no such tensor type: {', '.join(sorted(unknown))}")
        if "default" not in self.types:
            raise ValueError("types has no default")
        return self


class Projector(_Strict):
    """A vision projector that is a file of its own.

    Attributes:
        bytes: Bytes of its tensors, or of its file where only that is known.
        image_size: Side of the image it takes, in pixels.
        patch_size: Side of a patch, in pixels.
        heads: Heads of its attention.
        blocks: Number of its blocks.
        width: Width of its state.
        inner: Width of its inner layer.
        bridge: Widths of the matrices that lead to the text model.
        whole: Whether one more place stands for the whole image.
        norm_before: Whether there is a norm before the blocks.
        norm_behind: Whether there is one behind them.
    """

    bytes: Positive
    image_size: Positive
    patch_size: Positive
    heads: Positive
    blocks: Positive
    width: Positive
    inner: Positive
    bridge: Annotated[tuple[Positive, ...], Field(min_length=1)]
    whole: bool = False
    norm_before: bool = False
    norm_behind: bool = False

    @property
    def clip(self) -> Clip:
        """Its shape."""
        return Clip(**self.model_dump(exclude={"bytes"}))


class CatalogueEntry(_Strict):
    """A model the project knows.

    Attributes:
        name: As Ollama names it.
        role: Its place for the consumer.
        task: What it is for.
        architecture: Its architecture.
        quantisation: The mixture it is stored in, as Ollama names it.
        sources: Where the facts come from.
        file_bytes: Size of the model's file.
        digest: Digest of the model's file.
        parameters: Number of its weights.
        licence: Its licence.
        capabilities: What Ollama says it can do.
        languages: Languages its maker names.
        stored: Its tensors, where they are known.
        projector: Its projector, where it has one.
        image_tokens: Prompt tokens that an image costs.
        faults: What is known to go wrong.
        plan: What the plan says.
        note: What else to know.
    """

    name: str
    role: Role
    task: tuple[Literal["text", "vision"], ...]
    architecture: str
    quantisation: str | None = None
    sources: tuple[str, ...]
    file_bytes: Positive | None = None
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    parameters: Positive | None = None
    licence: str | None = None
    capabilities: tuple[Capability, ...] = ()
    languages: str | None = None
    stored: Stored | None = None
    projector: Projector | None = None
    image_tokens: Positive | None = None
    faults: tuple[Fault, ...] = ()
    plan: PlanFigures | None = None
    note: str = ""

    @model_validator(mode="after")
    def _computable(self) -> CatalogueEntry:
        if self.stored is not None and self.architecture not in BLOCKS:
            raise ValueError(f"the tensors of {self.architecture} are not known to runbook.models.blocks")
        return self

    @property
    def layout(self) -> Layout:
        """How its tensors are stored.

        Raises:
            UsageError: The catalogue does not know.
        """
        if self.stored is None:
            raise UsageError(
                f"the catalogue does not know the tensors of {self.name}",
                why="nobody has read its header yet, and a guess would look like a fact",
                next="read it: from a file, a running Ollama or a registry",
            )
        types: dict[str, Types] = dict(self.stored.types)
        return Layout(self.architecture, self.stored.metadata, types, self.stored.tied, self.stored.vocabulary)

    @cached_property
    def header(self) -> GgufHeader:
        """The header that its file has, without the vocabulary.

        Raises:
            UsageError: The catalogue does not know its tensors.
        """
        return header_of(self.layout, self.name, self._projector_header())

    def _projector_header(self) -> GgufHeader | None:
        if self.projector is None:
            return None
        return clip_header(self.projector.clip, f"{self.name} (projector)")


class _Catalogue(_Strict):
    models: tuple[CatalogueEntry, ...]

    @model_validator(mode="after")
    def _unique(self) -> _Catalogue:
        names = [entry.name for entry in self.models]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"named twice: {', '.join(sorted(twice))}")
        return self


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Every entry, in the order of the file."""
    text = (files(__package__) / "catalogue.yaml").read_text("utf-8")
    read: Any = YAML(typ="safe", pure=True).load(text)
    return _Catalogue.model_validate(read).models


def find(name: str) -> CatalogueEntry | None:
    """The entry of a model; `moondream` finds `moondream:latest` and the other way round."""
    wanted = name.removesuffix(":latest")
    return next((entry for entry in catalogue() if entry.name.removesuffix(":latest") == wanted), None)
