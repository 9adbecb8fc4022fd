from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.ollama.stream import StreamFault, json_lines, words_of

EVENTS = [{"status": "pulling manifest"}, {"n": 1, "text": "zwölf\nKästen"}, {"done": True}]
WIRE = b"".join(json.dumps(event).encode() + b"\n" for event in EVENTS)


@given(st.lists(st.integers(0, len(WIRE)), max_size=12))
def test_lines_are_whole_wherever_the_chunks_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WIRE)]
    chunks = [WIRE[start:end] for start, end in pairwise(edges)]
    assert list(json_lines(chunks)) == EVENTS


def test_a_last_line_without_its_line_break_counts() -> None:
    assert list(json_lines([b'{"done": true}'])) == [{"done": True}]


def test_an_error_line_is_a_fault_with_the_servers_words() -> None:
    events = json_lines([b'{"status":"pulling manifest"}\n{"error":"max retries exceeded: EOF"}\n'])
    assert next(events) == {"status": "pulling manifest"}
    with pytest.raises(StreamFault) as caught:
        next(events)
    assert (caught.value.kind, caught.value.words) == ("error line", "max retries exceeded: EOF")


@pytest.mark.parametrize("line", [b"<html>", b'{"response": "ha', b"[1]", b"12"])
def test_a_line_that_is_no_object_is_a_fault(line: bytes) -> None:
    with pytest.raises(StreamFault, match="not a JSON object") as caught:
        list(json_lines([line + b"\n"]))
    assert caught.value.kind == "not JSON"


def test_a_refusal_is_quoted_whatever_its_form() -> None:
    assert words_of(b'{"error":"model not found"}') == "model not found"
    assert words_of(b"<h1>502 Bad Gateway</h1>") == "<h1>502 Bad Gateway</h1>"
    assert words_of(b"[]") == "[]"


def test_lines_that_come_together_are_the_same_as_lines_that_come_alone() -> None:
    lines = [b'{"a":%d}\n' % number for number in range(5)]
    assert list(json_lines([b"".join(lines)])) == list(json_lines(lines))


def test_an_error_among_lines_that_come_together_follows_those_before_it() -> None:
    events = json_lines([b'{"a":1}\n{"error":"disk"}\n{"a":2}\n'])
    assert next(events) == {"a": 1}
    with pytest.raises(StreamFault, match="disk"):
        next(events)


def test_a_line_that_is_two_objects_is_not_taken_for_two_lines() -> None:
    with pytest.raises(StreamFault, match="not a JSON object"):
        list(json_lines([b'{"a":1},{"b":2}\n{"c":3}\n']))
