from __future__ import annotations

from decimal import Decimal

import pytest

from runbook.errors import ClusterError
from runbook.kubernetes.probing import LEAST_BYTES, Resources, within_quotas

from .recorded import Json

WANTED = Resources(512 << 20)


def quota(hard: dict[str, str], **used: str) -> Json:
    return {"status": {"hard": hard, "used": {name.replace("_", "."): amount for name, amount in used.items()}}}


def test_without_a_quota_the_probe_has_all_cpus_of_the_node() -> None:
    assert within_quotas(WANTED, []) == WANTED
    assert "cpu" not in WANTED.to_json()["limits"]
    assert WANTED.to_json()["requests"] == {"cpu": "50m", "memory": str(512 << 20)}


def test_a_probe_is_cut_down_to_what_is_left() -> None:
    hard = {"limits.cpu": "4500m", "limits.memory": "6400Mi", "requests.cpu": "1050m"}
    found = within_quotas(WANTED, [quota(hard, limits_cpu="4", limits_memory="6Gi", requests_cpu="1020m")])
    assert found == Resources(256 << 20, Decimal("0.030"), Decimal("0.5"))
    assert found.to_json()["limits"]["cpu"] == "500m"


def test_the_tightest_of_several_quotas_counts() -> None:
    quotas = [quota({"limits.cpu": "2"}), quota({"limits.cpu": "1"}), quota({"pods": "3"})]
    assert within_quotas(WANTED, quotas).cpu_limit == 1


@pytest.mark.parametrize(
    "hard", [{"memory": "64Mi"}, {"requests.cpu": "0"}, {"limits.cpu": "10m"}, {"limits.memory": str(LEAST_BYTES - 1)}]
)
def test_a_quota_that_leaves_too_little_is_named_with_the_arithmetic(hard: dict[str, str]) -> None:
    with pytest.raises(ClusterError, match="needed: 96 MiB and some CPU"):
        within_quotas(WANTED, [quota(hard)])


def test_a_quota_that_is_overdrawn_leaves_nothing_and_not_less() -> None:
    with pytest.raises(ClusterError, match="left: 0 MiB"):
        within_quotas(WANTED, [quota({"memory": "1Gi"}, memory="2Gi")])
