"""Which network the link to the cluster takes."""

from __future__ import annotations

import pytest

from runbook.errors import LocalError
from runbook.local import network


def test_the_preferred_network_is_taken_when_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_addresses_in_use", set)
    link = network.choose_link("runbook-x", 3)
    assert (link.host_address, link.node_address) == ("198.18.0.13", "198.18.0.14")


def test_a_network_that_is_in_use_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_addresses_in_use", lambda: {"198.18.0.14"})
    assert network.choose_link("runbook-x", 3).host_address == "198.18.0.17"


def test_the_addresses_of_this_machine_are_found_with_the_other_ends_of_its_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "_ip", lambda *_: "3: veth inet 198.18.0.13/30 scope global veth")
    assert {"198.18.0.13", "198.18.0.14"} <= network._addresses_in_use()


def test_a_full_range_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Everything(set[str]):
        def __contains__(self, _: object) -> bool:
            return True

    monkeypatch.setattr(network, "_addresses_in_use", Everything)
    with pytest.raises(LocalError, match="no free network"):
        network.choose_link("runbook-x", 3)
