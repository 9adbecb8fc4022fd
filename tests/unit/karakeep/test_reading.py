from __future__ import annotations

import pytest

from runbook.karakeep import read_tags


@pytest.mark.parametrize(
    "text",
    [
        '{"tags": ["k8s", "Longhorn"]}',
        ' \n{"tags": ["k8s", "Longhorn"], "note": 1}\n   ',
        'Here you are:\n```json\n{"tags": ["k8s", "Longhorn"]}\n```\nAnything else?',
        'The tags are {"tags": ["#k8s ", " Longhorn"]} as you asked.',
    ],
)
def test_the_json_is_found_where_the_consumer_looks_for_it(text: str) -> None:
    assert read_tags(text).tags == ("k8s", "Longhorn")


@pytest.mark.parametrize(
    ("text", "is_json", "problem"),
    [
        ("", False, "no JSON in it: ''"),
        ("k8s, Longhorn", False, "no JSON in it: 'k8s, Longhorn'"),
        ('{"tags": ["k8s", "Longh', False, "no JSON in it"),
        ('{"tags": [NaN]}', False, "no JSON in it"),
        ("{}", True, "tags missing"),
        ('{"tags": "k8s"}', True, "tags is not a list"),
        ('{"tags": ["k8s", 3]}', True, "tag 2 is not a string"),
        ('["k8s"]', True, "the JSON is not an object"),
    ],
)
def test_what_is_no_list_of_tags_is_told_apart(text: str, is_json: bool, problem: str) -> None:
    reading = read_tags(text)
    assert (reading.is_json, reading.tags) == (is_json, None)
    assert reading.problem.startswith(problem)


def test_an_empty_list_is_a_list() -> None:
    assert read_tags('{"tags": []}').tags == ()


def test_brackets_without_end_are_no_json_and_no_crash() -> None:
    assert not read_tags("[" * 100_000).is_json
