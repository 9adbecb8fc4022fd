from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from runbook.forms import Bytes, Cores, Environment, Image, Mirror, amount


def accepted(form: object, value: object) -> bool:
    try:
        TypeAdapter(form).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("500m", "0.5"), ("2", "2"), ("0.5", "0.5"), ("6Gi", "6442450944"), ("1k", "1000"), ("1.5Ki", "1536")],
)
def test_a_quantity_is_worth_its_exact_number(quantity, number):
    assert amount(quantity) == Decimal(number)


@pytest.mark.parametrize("text", ["", "6GB", "Gi", "1e3", "-1", "1 Gi", "0x1", "٣"])
def test_a_text_that_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="is not a quantity"):
        amount(text)


@given(st.integers(1, 10**6), st.sampled_from(["", "k", "M", "Ki", "Mi", "Gi"]))
def test_a_thousand_milli_of_anything_is_one(number, suffix):
    assert amount(f"{number}{suffix}") == number * amount(f"1{suffix}")
    assert amount(f"{number * 1000}m") == number


@pytest.mark.parametrize("value", ["1Mi", "6Gi", "2000000000", "1.5Gi", "64Ti"])
def test_a_sensible_number_of_bytes_is_accepted(value):
    assert accepted(Bytes, value)


@pytest.mark.parametrize("value", ["512m", "6", "6GB", "6gi", "65Ti", "0", "-6Gi", "6 Gi", "6Gi\n"])
def test_a_memory_size_that_means_something_else_is_refused(value):
    assert not accepted(Bytes, value)


@pytest.mark.parametrize("value", ["1m", "500m", "4", "0.5", "1024"])
def test_a_sensible_number_of_cores_is_accepted(value):
    assert accepted(Cores, value)


@pytest.mark.parametrize("value", ["0", "0m", "4Gi", "4k", "2000", "0.0005", "four", "-1"])
def test_a_number_of_cores_that_no_node_has_is_refused(value):
    assert not accepted(Cores, value)


@pytest.mark.parametrize("value", ["registry.lan:5000/library", "10.0.0.5:5000/models", "mirror/library"])
def test_a_mirror_that_ollama_can_name_is_accepted(value):
    assert accepted(Mirror, value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("http://mirror:5000/library", "scheme"),
        ("user:word@mirror/library", "login"),
        ("mirror:0/library", "port"),
        ("mirror:65536/library", "port"),
        ("mirror:/library", "port"),
        ("mirror:5000", "one folder"),
        ("mirror:5000/", "one folder"),
        ("mirror:5000/a/b", "one folder"),
        ("-mirror/library", "host name"),
        ("/library", "host name"),
        ("mirr or/library", "host name"),
    ],
)
def test_a_mirror_that_ollama_cannot_name_is_refused_with_the_reason(value, reason):
    with pytest.raises(ValidationError, match=reason):
        TypeAdapter(Mirror).validate_python(value)


@pytest.mark.parametrize(
    "name",
    [
        "HF_TOKEN",
        "hf_token",
        "DB_PASSWORD",
        "MY_SECRET",
        "OLLAMA_API_KEY",
        "OPENAI_APIKEY",
        "DB_PASS",
        "AWS_ACCESS_KEY",
    ],
)
def test_a_variable_that_is_a_secret_by_its_name_is_refused_without_its_value(name):
    with pytest.raises(ValidationError, match="Kubernetes Secret") as caught:
        TypeAdapter(Environment).validate_python({name: "hunter2"})
    assert "hunter2" not in caught.value.errors(include_input=False)[0]["msg"]


@pytest.mark.parametrize(
    "value", ["sk-abc123", "ghp_abc", "http://me:word@proxy.lan:3128", "-----BEGIN PRIVATE KEY-----", "Bearer abc"]
)
def test_a_value_that_looks_like_a_key_is_refused_whatever_its_name(value):
    assert not accepted(Environment, {"SETTING": value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("OLLAMA_DEBUG", "1"), ("MAX_TOKENS", "100"), ("HF_TOKEN", ""), ("HTTPS_PROXY", "http://proxy.lan:3128"),
     ("OLLAMA_COMPASS", "north")],
)  # fmt: skip
def test_a_harmless_variable_is_accepted(name, value):
    assert accepted(Environment, {name: value})


def test_an_image_may_have_a_registry_a_tag_and_a_digest():
    assert accepted(Image, "registry.lan:5000/ollama/ollama:0.15.6@sha256:" + "a" * 64)
    assert not accepted(Image, "ollama/ollama: 0.15.6")
