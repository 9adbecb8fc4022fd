"""The empty-answer fault on the real server: told in words, mended, and the rest of what a rebuild verifies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runbook.inference import Contract, check_contract, verify_contract, verify_under_load, verify_unloaded
from runbook.inference.filling import page_that_fills
from runbook.inference.silence import DERIVED, IN_OPTIONS, OPENAI, THINK
from runbook.inference.trial import SHORT
from runbook.karakeep import tagging_request
from runbook.karakeep.judge import IN_RESPONSE
from runbook.kubernetes import Cluster, ready_pod
from runbook.ollama import Ollama
from runbook.parameters import Parameters
from tests.cluster.inference.test_contract import OPENS_A_THOUGHT

NAME, MENDED = "thinker-of-the-contract", "thinker-that-was-mended"
PAGE = "Kubernetes is a container orchestration platform"
# Chance: the small model gives no whole JSON once in four times.
ROUNDS = 3


@pytest.fixture(scope="module")
def thinker(ollama: Ollama, local: Parameters) -> Iterator[Parameters]:
    """The target with a model that thinks unless it is told not to, which the consumer does not do."""
    ollama.create(NAME, from_=local.text_model, template=OPENS_A_THOUGHT)
    yield local.model_copy(update={"text_model": NAME, "context_length": 768})
    ollama.delete(NAME)


@pytest.fixture(scope="module")
def found(ollama: Ollama, thinker: Parameters) -> Contract:
    return check_contract(ollama, thinker, forms=("structured",))


def test_the_empty_answer_fails_with_its_cause_and_what_it_means_for_the_user(found: Contract) -> None:
    (short,) = [one for one in found.trials if one.case == SHORT]
    assert short.failure.startswith(f"{IN_RESPONSE}: ")
    assert "answer went to the thinking field" in short.failure
    assert "every bookmark stays untagged" in short.meaning
    assert short.check.status == "failed"
    assert found.recommendation.model == ""


def test_the_ways_to_stop_the_thinking_are_told_from_those_that_change_nothing(ollama: Ollama, found: Contract) -> None:
    ways = {one.way: one for one in found.ways}
    assert set(ways) == {DERIVED, OPENAI, THINK, IN_OPTIONS}
    assert not ways[IN_OPTIONS].works
    assert "thinking field" in ways[IN_OPTIONS].evidence
    assert "thinking field" not in ways[DERIVED].evidence + ways[THINK].evidence
    assert not [one for one in ollama.tags() if "no-thoughts" in one.name]


@pytest.mark.skipif("RUNBOOK_TEST_OLLAMA" in os.environ, reason="needs the deployed server")
def test_the_derived_model_mends_it(ollama: Ollama, thinker: Parameters, deployed: Parameters) -> None:
    command = [sys.executable, "-m", "runbook", "karakeep", "derive", "local", NAME, MENDED]
    command += ["-p", f"namespace={deployed.namespace}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    try:
        assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 2
        mended = thinker.model_copy(update={"text_model": MENDED})
        rounds = (verify_contract(ollama, mended, PAGE) for _ in range(ROUNDS))
        assert any(all(check.status != "failed" for check in checks) for checks in rounds)
    finally:
        ollama.delete(MENDED)


def test_a_page_fills_the_context_nearly_and_never_overflows_it(ollama: Ollama, local: Parameters) -> None:
    narrow = local.model_copy(update={"context_length": 1024})
    page = page_that_fills(ollama, narrow, narrow.context_length)
    assert page is not None
    request = tagging_request(narrow, page)
    answer = ollama.generate({**request, "options": {**request["options"], "num_predict": 1}})
    assert answer.prompt_tokens is not None
    assert 0.8 * narrow.context_length < answer.prompt_tokens < narrow.context_length - 64


def test_a_model_with_a_short_keep_alive_is_gone_after_it(ollama: Ollama, local: Parameters) -> None:
    (check,) = verify_unloaded(ollama, local)
    assert check.status == "passed", check.evidence


@pytest.mark.skipif("RUNBOOK_TEST_OLLAMA" in os.environ, reason="needs the deployed server")
def test_probes_and_memory_hold_while_the_model_works(
    cluster: Cluster, deployed: Parameters, ollama: Ollama, local: Parameters
) -> None:
    pod = ready_pod(cluster, deployed.namespace, "ollama", 11434).pod
    there = local.model_copy(update={"namespace": deployed.namespace})
    probes, memory = verify_under_load(ollama, cluster, there, pod, seconds=3)
    assert probes.status == "passed", probes.evidence
    assert memory.status == "passed", memory.evidence
    assert "0 restarts" in probes.evidence
