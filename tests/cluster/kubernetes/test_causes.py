"""The causes of a failed rollout, each produced for real, all at once, and told apart."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pytest

from runbook.errors import RolloutFailed
from runbook.kubernetes import Cluster, diagnose, wait_for_rollout

from ..conftest import NewNamespace
from . import surroundings
from .conftest import Deploy
from .faults import FAULTS, Fault
from .laboratory import HEALTHY, Observation, begin, confusion, end, observe, pairs_of

ALL = bool(os.environ.get("RUNBOOK_SLOW_CAUSES"))
CHOSEN: dict[str, Fault] = {name: fault for name, fault in FAULTS.items() if ALL or not fault.slow}
PATIENCE_S = 240.0 if ALL else 120.0


@pytest.fixture(scope="module")
def spoilt(cluster: Cluster, new_namespace: NewNamespace, deploy: Deploy) -> Iterator[dict[str, str]]:
    """Every fault, begun at the same time, and a sound Deployment beside them: the namespace of each."""
    surroundings.clear(cluster)
    with surroundings.registry():
        where = begin(cluster, CHOSEN, new_namespace, deploy)
        yield where
    end(cluster, where, CHOSEN)


@pytest.fixture(scope="module")
def seen(cluster: Cluster, spoilt: dict[str, str]) -> dict[str, Observation]:
    found = observe(cluster, spoilt, CHOSEN, PATIENCE_S)
    sys.stdout.write(f"\n{confusion(pairs_of(found.values()))}\n")
    return found


@pytest.mark.parametrize("name", CHOSEN)
def test_a_fault_is_recognised_and_explained(seen: dict[str, Observation], name: str) -> None:
    assert seen[name].is_settled, seen[name].last


@pytest.mark.parametrize("name", CHOSEN)
def test_no_other_cause_is_ever_certain(seen: dict[str, Observation], name: str) -> None:
    assert seen[name].certain <= {CHOSEN[name].cause}


def test_the_sound_one_beside_them_has_no_cause(
    cluster: Cluster, spoilt: dict[str, str], seen: dict[str, Observation]
) -> None:
    assert seen[HEALTHY].is_settled
    assert seen[HEALTHY].certain == set()
    assert diagnose(cluster, spoilt[HEALTHY], HEALTHY) is None


def test_a_rollout_that_cannot_succeed_is_not_waited_for(cluster: Cluster, spoilt: dict[str, str]) -> None:
    started = time.monotonic()
    with pytest.raises(RolloutFailed, match="cannot become ready") as caught:
        wait_for_rollout(cluster, spoilt["claim-without-its-class"], "claim-without-its-class", 600.0)
    assert time.monotonic() - started < 30
    assert caught.value.cause == "D24"
    assert "91_troubleshoot, section Storage" in caught.value.next


def test_a_rollout_that_might_still_succeed_is_waited_for_as_long_as_was_said(
    cluster: Cluster, spoilt: dict[str, str]
) -> None:
    said: list[str] = []
    with pytest.raises(RolloutFailed, match=r"did not become ready in \d s") as caught:
        wait_for_rollout(cluster, spoilt["listens-on-loopback"], "listens-on-loopback", 2.0, said.append)
    assert "connection refused" in caught.value.why
    assert said
