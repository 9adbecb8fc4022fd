"""`runbook audit`: the security of what runs, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.output import print_json
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument
from runbook.errors import Exit

if TYPE_CHECKING:
    from runbook.kubernetes.audit import Finding


@click.command(
    cls=Verb,
    short_help="Judge the security of what runs, or of the manifests.",
    statuses={0: "every rule holds or is accepted", 1: "a rule does not hold, or its acceptance has expired"},
    examples=(
        ("What runs on your cluster", "runbook audit homelab"),
        ("The manifests alone, without a cluster", "runbook audit homelab --manifests"),
        ("Only what fails, for a script", "runbook audit homelab --json | jq '.findings[] | select(.fails)'"),
    ),
)
@target_argument
@parameter_option
@click.option("--manifests", "offline", is_flag=True, help="Judge the manifests; no cluster is asked.")
@json_option
def audit(target: str, overrides: Mapping[str, str], offline: bool, as_json: bool) -> int:
    """Judge TARGET by 25 rules: severity, evidence, and the line of the manifest.

    A deviation that you accept stands in the target under `accepted_deviations`, with the day on which it expires and
    the reason; it is shown, and fails once it has expired. Without a Deployment the manifests are judged.
    """
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    from runbook import kubernetes
    from runbook.kubernetes.audit import audit as judge
    from runbook.kubernetes.audit import failing

    cluster = None if offline else kubernetes.connect(parameters)
    findings = judge(cluster, parameters)
    bad = failing(findings)
    if as_json:
        print_json({"cluster": cluster, "holds": not bad, "findings": [_as_object(one) for one in findings]})
    else:
        click.echo(cluster.title if cluster else "the manifests as they are written")
        for one in findings:
            _print(one)
        click.echo(f"{len(bad)} of {len(findings)} rules do not hold." if bad else "The audit holds.")
    return Exit.FAILED if bad else Exit.GOOD


def _as_object(one: Finding) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(one), "fails": one.fails}


def _print(one: Finding) -> None:
    click.echo(f"{one.verdict:<8}  {one.id}  {one.severity:<6}  {one.statement}")
    for line in one.evidence:
        click.echo(f"{'':<23}{line}")
    if one.evidence and one.remedy:
        click.echo(f"{'':<23}{one.remedy}")
