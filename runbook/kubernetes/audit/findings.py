"""What the audit finds: each rule with its verdict, its evidence and where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args

from runbook.checks import Check
from runbook.kubernetes.audit import around_rules, pod_rules
from runbook.kubernetes.audit.deviations import Deviation, deviations
from runbook.kubernetes.audit.lines import place_of
from runbook.kubernetes.audit.rules import RULES, Fault, Rule, Severity
from runbook.kubernetes.audit.subject import Subject, of_cluster, of_manifests
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.manifests import Manifest, load_manifests
from runbook.parameters import Parameters

# The rules register themselves when they are imported.
_REGISTERED = (pod_rules, around_rules)

Verdict = Literal["passed", "noted", "failed", "accepted", "expired", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One rule, and what became of it.

    Attributes:
        id: C01 to C25.
        severity: The worst of what was found; the rule's own where nothing was.
        verdict: `noted` where only something informational was seen; `accepted` and `expired` are failures that the
            target accepts, or did until a day.
        statement: What has to hold.
        evidence: What was seen against it, each with its place.
        remedy: What to do; of an accepted one, the reason and the day.
    """

    id: str
    severity: Severity
    verdict: Verdict
    statement: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def fails(self) -> bool:
        """Whether the audit fails for it."""
        return self.verdict in ("failed", "expired")


SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high")


def audit(cluster: Cluster | None, parameters: Parameters, today: date | None = None) -> tuple[Finding, ...]:
    """Every rule over the live objects, or over the manifests where there is no cluster or no Deployment.

    Raises:
        Refusal: The login may not read the Deployment or what stands beside it.
    """
    manifests = load_manifests(parameters)
    live = of_cluster(cluster, parameters.namespace) if cluster else None
    accepted = deviations(parameters.accepted_deviations)
    return judge_subject(live or of_manifests(manifests), manifests, accepted, today or datetime.now(UTC).date())


def judge_subject(
    subject: Subject, manifests: Iterable[Manifest], accepted: Mapping[str, Deviation], today: date
) -> tuple[Finding, ...]:
    """Every rule over one subject; the manifests say on which line a field is written."""
    sources = {(one.kind, one.name): one.source for one in manifests}
    return tuple(_judged(rule, subject, sources, accepted.get(rule.id), today) for _, rule in sorted(RULES.items()))


def failing(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that the audit fails for."""
    return tuple(one for one in findings if one.fails)


def security_check(cluster: Cluster, parameters: Parameters) -> Check:
    """The audit of what runs, as one check of a step."""
    return as_check(audit(cluster, parameters))


def as_check(findings: tuple[Finding, ...]) -> Check:
    """The audit as one check: what fails is in its evidence."""
    counts = ", ".join(
        f"{count} {verdict}"
        for verdict in get_args(Verdict)
        if (count := sum(one.verdict == verdict for one in findings))
    )
    bad = failing(findings)
    evidence = "; ".join([counts, *(f"{one.id} {one.severity}: {', '.join(one.evidence)}" for one in bad)])
    hint = "; ".join(f"{one.id}: {one.remedy}" for one in bad)
    return Check.that("The security audit holds", not bad, evidence, hint)


def _judged(
    rule: Rule, subject: Subject, sources: Mapping[tuple[str, str], str], accepted: Deviation | None, today: date
) -> Finding:
    found = tuple(rule.find(subject))
    faults = [one for one in found if not one.unknown]
    evidence = tuple(dict.fromkeys(_words(one, sources) for one in found))
    if not faults:
        return Finding(rule.id, rule.severity, "unknown" if found else "passed", rule.statement, evidence)
    severity = max((one.severity or rule.severity for one in faults), key=SEVERITIES.index)
    if accepted is None:
        verdict: Verdict = "noted" if severity == "info" else "failed"
        return Finding(rule.id, severity, verdict, rule.statement, evidence, rule.remedy)
    until = f"accepted until {accepted.until}: {accepted.reason}"
    if accepted.is_expired(today):
        remedy = f"{rule.remedy} It was {until}."
        return Finding(rule.id, severity, "expired", rule.statement, evidence, remedy)
    return Finding(rule.id, severity, "accepted", rule.statement, evidence, until)


def _words(fault: Fault, sources: Mapping[tuple[str, str], str]) -> str:
    names = [name for kind, name in sources if kind == fault.kind and fault.name in ("", name)]
    source = sources[fault.kind, names[0]] if names else ""
    # The namespace is the only object that a target gives another name than its file has.
    known = "" if fault.kind == "Namespace" or not names else names[0]
    place = place_of(source, fault.kind, known, fault.path) if source and not fault.unknown else ""
    return f"{fault.evidence} ({place})" if place else fault.evidence
