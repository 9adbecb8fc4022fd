from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import PurePosixPath

import numpy as np
import pytest

from runbook.parameters import Parameters
from runbook.record.strict import dumps, loads, to_json


class Colour(Enum):
    RED = "red"


class Kind(StrEnum):
    POD = "Pod"


@dataclass(frozen=True)
class Login:
    context: str
    token: str = field(repr=False)
    seconds: float = 1.5


def test_a_dataclass_becomes_an_object_without_the_fields_its_repr_hides() -> None:
    assert to_json(Login("homelab", "secret")) == ({"context": "homelab", "seconds": 1.5}, {})


def test_tuples_sets_paths_times_decimals_and_enums_have_a_form() -> None:
    value = {
        "tuple": (1, "a"),
        "set": {"b", "a"},
        "path": PurePosixPath("manifests/ai"),
        "at": datetime(2026, 11, 25, 7, 15, tzinfo=timezone(timedelta(hours=1))),
        "took": timedelta(minutes=1),
        "bytes": Decimal("6442450944"),
        "cores": Decimal("0.5"),
        "colour": Colour.RED,
        Kind.POD: Kind.POD,
        7: None,
    }
    assert to_json(value)[0] == {
        "tuple": [1, "a"],
        "set": ["a", "b"],
        "path": "manifests/ai",
        "at": "2026-11-25T06:15:00.000Z",
        "took": 60.0,
        "bytes": 6442450944,
        "cores": 0.5,
        "colour": "red",
        "Pod": "Pod",
        "7": None,
    }


def test_a_bool_stays_a_bool_and_a_text_of_digits_a_text() -> None:
    assert to_json([False, "08", 8]) == ([False, "08", 8], {})


def test_numpy_numbers_and_arrays_become_plain() -> None:
    assert to_json({"a": np.float64(1.5), "b": np.array([1, 2])}) == ({"a": 1.5, "b": [1, 2]}, {})


def test_parameters_become_an_object() -> None:
    made, _ = to_json(Parameters(target="box", context="box", fallback_models=("gemma3:1b",)))
    assert isinstance(made, dict)
    assert made["fallback_models"] == ["gemma3:1b"]


@pytest.mark.parametrize("nothing", [float("nan"), Decimal("NaN"), np.float32("nan")])
def test_what_is_not_a_number_becomes_null_with_the_reason(nothing: object) -> None:
    assert to_json({"runs": [{"speed": nothing}]}) == (
        {"runs": [{"speed": None}]},
        {"runs[0].speed": "not a number"},
    )


def test_infinity_becomes_null_with_the_reason() -> None:
    assert to_json([1e400]) == ([None], {"[0]": "infinite"})


@pytest.mark.parametrize("value", [object(), b"bytes", {"a": lambda: None}, {(1, 2): 3}])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"at the top|at a"):
        to_json(value)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_json(datetime(2026, 1, 1))


def test_the_text_is_canonical_and_holds_no_nan() -> None:
    assert dumps({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(float("nan"))


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', '{"a": 1, "a": 2}', "{"])
def test_what_is_not_strict_json_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not JSON|given twice|Expecting"):
        loads(text)


def test_a_time_is_written_in_utc_with_z() -> None:
    assert to_json(datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC))[0] == "2026-01-02T03:04:05.678Z"


@pytest.mark.parametrize("text", ["1e999", "[" * 100_000, '"\\ud800"', b"\xff", '{"a":1}'.encode("utf-16")])
def test_what_another_reader_would_take_otherwise_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_a_pair_of_surrogates_is_the_letter_it_stands_for() -> None:
    assert loads('"\\ud83d\\ude00"') == "\U0001f600"


def test_half_a_pair_that_a_kernel_printed_becomes_its_escape() -> None:
    value, _ = to_json({"a\ud800": ["\udfff b"]})
    assert value == {"a\\ud800": ["\\udfff b"]}
    assert loads(dumps(value)) == value
