"""Python values as strict JSON: what every reader accepts, without NaN and Infinity.

A figure that is not finite becomes null, and the reason is returned beside the value with the path to it, so that
"not measured" stays apart from a number. Dataclasses become objects of the fields that their repr shows: a field
hidden from the repr (a credential) is hidden here too.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from runbook.record.clock import utc

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def to_json(value: object) -> tuple[Json, dict[str, str]]:
    """A value as strict JSON, and why each null stands where a figure was expected, by its path.

    Raises:
        TypeError: The value holds something that has no form in JSON; the path to it is said.
    """
    undefined: dict[str, str] = {}
    return _convert(value, "", undefined), undefined


def dumps(value: object, *, indent: int | None = None) -> str:
    """Canonical JSON text: sorted keys, no blanks unless indented, and nothing that is not JSON.

    Raises:
        ValueError: The value holds NaN or Infinity.
    """
    separators = (",", ":") if indent is None else None
    return json.dumps(value, sort_keys=True, separators=separators, indent=indent, ensure_ascii=False, allow_nan=False)


def loads(text: str | bytes) -> Any:
    """The value of a strict JSON text.

    Raises:
        ValueError: It is not JSON in UTF-8, holds NaN, Infinity, half a surrogate pair or one key twice, or is nested
            deeper than the interpreter follows.
    """
    decoded = text if isinstance(text, str) else text.decode()
    try:
        value = json.loads(decoded, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if "\\ud" in decoded or "\\uD" in decoded:
        dumps(value).encode()
    return value


def _convert(value: Any, path: str, undefined: dict[str, str]) -> Json:
    match value:
        case Enum():  # before str and int, which an enum may be as well
            return _convert(value.value, path, undefined)
        case str():
            return _text(value)
        case None | bool():
            return value
        case int():
            return int(value)
        case float() | Decimal():
            return _number(value, path, undefined)
        case datetime():
            return utc(value)
        case date() | PurePath():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case BaseModel():
            return _object(dict(value), path, undefined)
        case Mapping():
            return _object(value, path, undefined)
        case bytes() | bytearray() | memoryview():
            raise TypeError(f"bytes at {path or 'the top'} have no form in JSON")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
        return _object(shown, path, undefined)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # numpy, which is not imported for this
        return _convert(value.tolist(), path, undefined)
    if isinstance(value, set | frozenset):
        value = sorted(value)
    if isinstance(value, Iterable):
        return [_convert(item, f"{path}[{index}]", undefined) for index, item in enumerate(value)]
    raise TypeError(f"{type(value).__name__} at {path or 'the top'} has no form in JSON")


def _text(value: str) -> str:
    """A text that can be written in UTF-8: half a surrogate pair, which a kernel may print, becomes its escape."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _number(value: float | Decimal, path: str, undefined: dict[str, str]) -> int | float | None:
    if math.isnan(value):
        undefined[path] = "not a number"
        return None
    if math.isinf(value):
        undefined[path] = "infinite"
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return float(value)


def _object(value: Mapping[Any, Any], path: str, undefined: dict[str, str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = _key(key, path)
        result[name] = _convert(item, f"{path}.{name}" if path else name, undefined)
    return result


def _key(key: object, path: str) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return _text(str(key))
    if isinstance(key, int):
        return str(int(key))
    raise TypeError(f"a key at {path or 'the top'} is a {type(key).__name__}, expected a text")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number[:20]} is beyond what a number can be")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a key is given twice")
    return result
