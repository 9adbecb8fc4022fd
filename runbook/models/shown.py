"""A header from what a running Ollama says of a model: the answer of `/api/show`.

Ask with `"verbose": true`: without it the server leaves out lists, also those that say something per layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runbook.errors import ModelFileError
from runbook.models.gguf import GgufHeader, LongArray, Tensor, Value, tensor
from runbook.models.reading import LONGEST_KEPT
from runbook.models.tensor_types import BY_NAME

# Lists that nothing is computed from; missing ones do no harm.
VOCABULARY: Final = "tokenizer."
UNKNOWN_NUMBER: Final = -1
# What `/api/show` says of a projector is only how many weights it has; those known are stored in 16 bits.
PROJECTOR_TYPE: Final = BY_NAME["F16"].number


def header_from_show(shown: Mapping[str, Any], name: str = "model") -> GgufHeader:
    """The header of a model from the answer of `/api/show`.

    Args:
        shown: The answer, parsed.
        name: Name of the model, for messages.

    Raises:
        ModelFileError: The answer holds no tensors, or lacks lists that matter.
    """
    info, listed = shown.get("model_info"), shown.get("tensors")
    if not isinstance(info, Mapping) or not isinstance(listed, list) or not listed:
        raise ModelFileError(
            f"the server does not describe the tensors of {name}",
            why="the answer has no model_info or no tensors; a model in another format or on another host has none",
            next='ask /api/show with {"model": NAME, "verbose": true}',
        )
    metadata = {key: _value(key, value, name) for key, value in info.items() if not _is_missing(key, value)}
    return GgufHeader(
        0,
        metadata,
        tuple(_tensor(one) for one in listed),
        projector=_projector(shown.get("projector_info")),
        source=name,
    )


def _is_missing(key: str, value: object) -> bool:
    return value is None and key.startswith(VOCABULARY)


def _value(key: str, value: object, name: str) -> Value:
    if isinstance(value, list):
        return LongArray("", len(value)) if len(value) > LONGEST_KEPT else tuple(value)
    if isinstance(value, bool | int | float | str):
        # JSON knows no integers: a number without a fraction is one.
        return int(value) if isinstance(value, float) and value.is_integer() else value
    raise ModelFileError(
        f"the server leaves out {key} of {name}",
        why="it was asked without verbose, and the value is a list",
        next='ask /api/show with "verbose": true',
    )


def _tensor(one: Mapping[str, Any]) -> Tensor:
    known = BY_NAME.get(str(one.get("type")))
    shape = tuple(int(count) for count in one.get("shape") or ())
    if known is not None:
        return tensor(str(one.get("name")), shape, known.number)
    return Tensor(str(one.get("name")), shape, f"unknown type ({one.get('type')})", None, UNKNOWN_NUMBER)


def _projector(info: object) -> GgufHeader | None:
    if not isinstance(info, Mapping):
        return None
    count = info.get("general.parameter_count")
    tensors = (tensor("projector", (int(count),), PROJECTOR_TYPE),) if isinstance(count, int | float) else ()
    architecture = str(info.get("general.architecture", "clip"))
    return GgufHeader(0, {"general.architecture": architecture}, tensors, source="projector")
