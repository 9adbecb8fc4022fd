import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runbook.parameters import Parameters, annotation_of, contradictions, default_of, describe, is_optional, row

NAMES = tuple(Parameters.model_fields)


def parameters(**values: Any) -> Parameters:
    return Parameters(target="home", context="home", **values)


def test_models_are_listed_once_in_order():
    several = parameters(text_model="a", vision_model="b", fallback_models=("c", "a"))
    assert several.models == ("a", "b", "c")


def test_without_a_vision_model_there_is_none_to_pull():
    assert parameters(text_model="a").models == ("a",)


def test_parameters_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        parameters().namespace = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["memory_limits", "Context", "gpu"])
def test_an_unknown_parameter_is_refused(name):
    with pytest.raises(ValidationError, match="not permitted"):
        parameters(**{name: "x"})


@pytest.mark.parametrize(
    "values",
    [{"cpu_request": "2", "cpu_limit": "1500m"}, {"memory_request": "2Gi", "memory_limit": "2000Mi"}],
)
def test_a_request_above_its_limit_is_refused(values):
    with pytest.raises(ValidationError, match="above"):
        parameters(**values)


def test_a_request_may_equal_its_limit_in_another_spelling():
    assert parameters(cpu_request="2000m", cpu_limit="2", memory_request="1Gi", memory_limit="1024Mi")


def test_a_missing_partner_contradicts_nothing():
    assert list(contradictions({"cpu_request": "2"})) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0, 86_401.0])
def test_a_time_that_no_clock_shows_is_refused(value):
    with pytest.raises(ValidationError):
        parameters(job_timeout_s=value)


def test_a_refused_value_is_not_in_the_error_since_it_may_be_a_secret():
    with pytest.raises(ValidationError) as caught:
        parameters(environment={"API_KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_explained(name):
    described = row(name)
    assert described.meaning
    assert described.bounds
    assert not described.meaning.endswith(".")


def test_the_table_has_every_parameter_in_the_order_of_the_class():
    assert tuple(item.name for item in describe()) == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if row(name).type.startswith(("int", "float"))])
def test_every_number_has_two_bounds_and_a_unit_unless_it_is_a_count(name):
    assert any(word in row(name).bounds for word in ("from", "above"))
    assert any(word in row(name).bounds for word in (" to ", "at most"))
    assert row(name).unit or name == "repetitions"


def test_the_unit_of_a_time_agrees_with_its_name():
    assert {row(name).unit for name in NAMES if name.endswith("_timeout_s")} == {"seconds"}


@pytest.mark.parametrize(
    ("name", "annotation", "default"),
    [
        ("context", "str", ""),
        ("namespace", "str", '"ai"'),
        ("vision_model", "str | None", "None"),
        ("environment", "dict[str, str]", "{}"),
        ("fallback_models", "tuple[str, ...]", "()"),
        ("output_schema", 'Literal["structured", "json", "plain"]', '"structured"'),
        ("job_timeout_s", "float", "180.0"),
        ("registry_insecure", "bool", "False"),
        ("memory_bandwidth_gb_per_s", "float | None", "None"),
    ],
)
def test_a_parameter_is_given_as_source_text(name, annotation, default):
    assert annotation_of(name) == annotation
    assert default_of(name) == default


@pytest.mark.parametrize("name", NAMES)
def test_every_annotation_and_default_is_python(name):
    ast.parse(f"{name}: {annotation_of(name)} = {default_of(name) or None}")
    if default_of(name):
        assert ast.literal_eval(default_of(name)) == getattr(parameters(), name)


def test_an_unknown_name_has_no_annotation():
    with pytest.raises(KeyError):
        annotation_of("gpu")


def test_the_default_in_the_table_is_written_as_in_a_target_file():
    written = {item.name: item.default for item in describe()}
    assert written["context"] == "required"
    assert written["vision_model"] == "null"
    assert written["fallback_models"] == "[]"
    assert written["registry_insecure"] == "false"
    assert written["job_timeout_s"] == "180"


def test_what_is_expected_names_the_unit_and_the_bounds():
    assert row("context_length").expected == "a whole number of tokens from 256 to 1048576"
    assert row("memory_bandwidth_gb_per_s").expected.endswith("at most 10000, or null")
    assert is_optional("vision_model")


@given(st.integers(-10, 2_000_000))
def test_a_context_length_is_accepted_exactly_within_its_bounds(length):
    try:
        taken = parameters(context_length=length).context_length
    except ValidationError:
        assert not 256 <= length <= 1_048_576
    else:
        assert 256 <= taken == length <= 1_048_576
