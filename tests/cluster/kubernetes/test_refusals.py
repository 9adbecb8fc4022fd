"""An apply that is refused, for every reason there is, is explained."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runbook.kubernetes import Cluster
from runbook.parameters import Parameters

from ..conftest import NewNamespace
from . import surroundings
from .refusals import REFUSALS, cause_of


@pytest.fixture(scope="module", autouse=True)
def _cleared(cluster: Cluster) -> Iterator[None]:
    yield
    surroundings.clear(cluster)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_taken_for_its_cause(
    cluster: Cluster, parameters: Parameters, new_namespace: NewNamespace, name: str
) -> None:
    target = parameters.model_copy(update={"namespace": new_namespace()})
    assert cause_of(cluster, target, REFUSALS[name]) == REFUSALS[name].cause
