from __future__ import annotations

import pytest

from runbook.inference import measure_workload
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.unit.ollama.stub import Stub, done, words

TAGS = (*words('{"tags": ["one", "two"]}'), done())


def test_bookmarks_and_tags_a_minute_are_told_round_by_round(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/generate", *TAGS)
    found = measure_workload(ollama, parameters, 2, rounds=3)
    assert found is not None
    assert (found.asked, found.unanswered, len(found.items_per_minute.values)) == (6, 0, 3)
    assert found.tags_per_minute.median == pytest.approx(2 * found.items_per_minute.median, rel=0.01)
    assert len(found.latency_s.values) == 6


def test_every_page_is_new_and_asked_for_as_the_consumer_asks(
    stub: Stub, ollama: Ollama, parameters: Parameters
) -> None:
    stub.on("/api/generate", *TAGS)
    measure_workload(ollama, parameters, 1, rounds=2)
    asked = stub.asked("/api/generate")
    assert len({body["prompt"] for body in asked}) == len(asked) == 1 + 4
    assert all(body["options"] == {"num_ctx": 2048, "num_predict": 256} and body["format"] for body in asked)


def test_bookmarks_without_an_answer_are_counted(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/generate", *TAGS)
    stub.then("/api/generate", *words("ha"))
    stub.then("/api/generate", *TAGS)
    found = measure_workload(ollama, parameters, 1, rounds=2)
    assert found is not None
    assert (found.asked, found.unanswered) == (4, 1)


def test_where_no_answer_comes_there_is_nothing_to_tell(stub: Stub, ollama: Ollama, parameters: Parameters) -> None:
    stub.on("/api/generate", *words("ha"))
    assert measure_workload(ollama, parameters, 1, rounds=1) is None
