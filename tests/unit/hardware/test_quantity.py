from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.hardware import parse_quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("2", "2"),
        ("500m", "0.5"),
        ("1.5", "1.5"),
        ("16332532Ki", "16724512768"),
        ("6Gi", "6442450944"),
        ("2G", "2000000000"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("12E", "12000000000000000000"),
        ("1Ei", "1152921504606846976"),
        ("123456789n", "0.123456789"),
        ("250u", "0.00025"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-1", "-1"),
    ],
)
def test_quantities_are_exact(text, expected):
    assert parse_quantity(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "1e", "1e999", "NaN", "1_000", "0x10", "1Gi ", "٣"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="not a Kubernetes quantity"):
        parse_quantity(text)


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_refused(text):
    with suppress(ValueError):
        assert parse_quantity(text).is_finite()
