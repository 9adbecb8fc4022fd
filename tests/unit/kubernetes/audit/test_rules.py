"""Each rule finds its fault, on the line it is written, and no other rule takes it for its own."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from runbook.kubernetes.audit import RULES, Deviation, Finding, Subject, as_check, failing, judge_subject, of_manifests
from runbook.kubernetes.manifests import Manifest, load_manifests
from runbook.parameters import Parameters

from .spoilt import SPOILT, Objects

TODAY = date(2026, 11, 25)
# What the manifests of the reference target deviate in; see its file.
KNOWN = {"C05", "C11", "C12", "C13", "C23"}


@pytest.fixture
def manifests(parameters: Parameters) -> tuple[Manifest, ...]:
    return load_manifests(parameters)


def objects_of(manifests: tuple[Manifest, ...]) -> Objects:
    return {one.kind: one.body for one in manifests}


def seen(subject: Subject, manifests: tuple[Manifest, ...], **accepted: Deviation) -> dict[str, Finding]:
    return {one.id: one for one in judge_subject(subject, manifests, accepted, TODAY)}


def speaking(findings: dict[str, Finding]) -> set[str]:
    """The rules that found something."""
    return {one.id for one in findings.values() if one.verdict not in ("passed", "unknown")}


def test_there_are_twenty_five_rules() -> None:
    assert sorted(RULES) == [f"C{number:02}" for number in range(1, 26)]


def test_the_manifests_deviate_only_in_what_is_known(manifests: tuple[Manifest, ...]) -> None:
    assert speaking(seen(of_manifests(manifests), manifests)) == KNOWN


@pytest.mark.parametrize("name", SPOILT)
def test_a_fault_is_found_by_its_rule_and_by_no_other(manifests: tuple[Manifest, ...], name: str) -> None:
    before = seen(of_manifests(manifests), manifests)
    SPOILT[name].spoil(objects_of(manifests))
    after = seen(of_manifests(manifests), manifests)
    changed = {rule for rule in after if after[rule].evidence != before[rule].evidence}
    assert SPOILT[name].rule in changed
    assert changed <= {SPOILT[name].rule, *SPOILT[name].beside}


def test_every_rule_that_manifests_can_break_has_a_fault_here() -> None:
    only_live = {"C10"}
    assert {one.rule for one in SPOILT.values()} | only_live == set(RULES)


def test_a_finding_names_file_and_line(manifests: tuple[Manifest, ...]) -> None:
    from runbook.targets import PROJECT

    (words,) = seen(of_manifests(manifests), manifests)["C13"].evidence
    place = words.rpartition("(")[2].rstrip(")")
    file, _, line = place.partition(":")
    assert "memory" in (PROJECT / file).read_text().splitlines()[int(line) - 1]


def live(manifests: tuple[Manifest, ...], **more: Any) -> Subject:
    return replace(of_manifests(copy.deepcopy(manifests)), **more)


def test_an_account_with_a_role_is_found(manifests: tuple[Manifest, ...]) -> None:
    subjects = [{"kind": "ServiceAccount", "name": "default"}]
    binding = {"metadata": {"name": "b"}, "roleRef": {"name": "admin"}, "subjects": subjects}
    found = seen(live(manifests, bindings=(binding,)), manifests)["C10"]
    assert (found.verdict, found.evidence) == ("failed", ("the account default is bound to admin",))
    assert seen(live(manifests, bindings=()), manifests)["C10"].verdict == "passed"
    assert seen(live(manifests), manifests)["C10"].verdict == "unknown"


def test_a_token_that_a_live_pod_mounts_is_found(manifests: tuple[Manifest, ...]) -> None:
    volume = {"name": "kube-api-access", "projected": {"sources": [{"serviceAccountToken": {}}]}}
    pod = {"metadata": {"name": "p"}, "spec": {"volumes": [volume]}}
    assert seen(live(manifests, pods=(pod,)), manifests)["C09"].verdict == "failed"


def test_pods_with_different_images_are_found(manifests: tuple[Manifest, ...]) -> None:
    pods = tuple(
        {"metadata": {"name": name}, "spec": {}, "status": {"containerStatuses": [{"imageID": name}]}} for name in "ab"
    )
    assert "different images: a, b" in str(seen(live(manifests, pods=pods), manifests)["C11"].evidence)


def test_an_ingress_to_the_service_is_found(manifests: tuple[Manifest, ...]) -> None:
    backend = {"service": {"name": "ollama", "port": {"number": 11434}}}
    ingress = {"metadata": {"name": "i"}, "spec": {"defaultBackend": backend}}
    assert seen(live(manifests, ingresses=(ingress,)), manifests)["C20"].verdict == "failed"


def test_a_service_without_a_ready_endpoint_is_found(manifests: tuple[Manifest, ...]) -> None:
    labels = {"kubernetes.io/service-name": "ollama"}
    waiting = {"metadata": {"labels": labels}, "endpoints": [{"conditions": {"ready": False}}]}
    assert seen(live(manifests, slices=(waiting,)), manifests)["C21"].verdict == "failed"


@pytest.mark.parametrize(("policy", "verdict"), [("Delete", "failed"), ("Retain", "passed")])
def test_what_becomes_of_the_volume_is_read_from_it(manifests: tuple[Manifest, ...], policy: str, verdict: str) -> None:
    volume = {"metadata": {"name": "pv"}, "spec": {"persistentVolumeReclaimPolicy": policy}}
    assert seen(live(manifests, volumes=(volume,)), manifests)["C24"].verdict == verdict


def test_a_policy_without_rules_denies_everything_which_is_good(manifests: tuple[Manifest, ...]) -> None:
    spec = objects_of(manifests)["NetworkPolicy"]["spec"]
    spec["ingress"], spec["egress"] = [], []
    assert seen(of_manifests(manifests), manifests)["C19"].verdict == "passed"


def test_an_accepted_deviation_is_shown_and_fails_once_it_has_expired(manifests: tuple[Manifest, ...]) -> None:
    subject = of_manifests(manifests)
    accepted = seen(subject, manifests, C13=Deviation(TODAY, "nobody else is there"))["C13"]
    assert (accepted.verdict, accepted.remedy) == ("accepted", f"accepted until {TODAY}: nobody else is there")
    expired = seen(subject, manifests, C13=Deviation(date(2026, 11, 24), "nobody else is there"))["C13"]
    assert expired.verdict == "expired"
    assert failing([accepted, expired]) == (expired,)


def test_the_check_of_a_step_quotes_what_fails(manifests: tuple[Manifest, ...]) -> None:
    check = as_check(tuple(seen(of_manifests(manifests), manifests).values()))
    assert check.status == "failed"
    assert "C13 high: request 2Gi is below the limit 6Gi" in check.evidence
