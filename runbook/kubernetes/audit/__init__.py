"""The security audit: 25 rules over the Deployment and what stands around it, each finding with evidence and line."""

from runbook.kubernetes.audit.deviations import Deviation, deviations
from runbook.kubernetes.audit.findings import Finding, as_check, audit, failing, judge_subject, security_check
from runbook.kubernetes.audit.rules import RULES
from runbook.kubernetes.audit.subject import Subject, of_cluster, of_manifests

__all__ = [
    "RULES",
    "Deviation",
    "Finding",
    "Subject",
    "as_check",
    "audit",
    "deviations",
    "failing",
    "judge_subject",
    "of_cluster",
    "of_manifests",
    "security_check",
]
