"""`runbook apply`: make the cluster hold what the manifests say, and wait until it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.by_hand import at_work, confirm
from runbook.commands.output import print_json, say
from runbook.commands.plan import print_plan
from runbook.commands.progress import Pulse
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument

if TYPE_CHECKING:
    from runbook.kubernetes import Change, Cluster, Plan, Rollout
    from runbook.parameters import Parameters


@click.command(
    cls=Verb,
    short_help="Show the plan, apply it, and wait for Ollama.",
    statuses={
        0: "the cluster holds what the manifests say, and Ollama runs",
        1: "something was refused, or the rollout failed; the one cause is said",
    },
    examples=(
        ("Show the plan, ask, apply, wait", "runbook apply homelab"),
        ("With more memory, without a question", "runbook apply homelab -p memory_limit=8Gi --yes"),
        ("Take back a field that somebody scaled by hand", "runbook apply homelab --force-conflicts"),
    ),
)
@target_argument
@parameter_option
@click.option("--force-conflicts", is_flag=True, help="Take fields that others own; the plan names each of them.")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@json_option
def apply(target: str, overrides: Mapping[str, str], force_conflicts: bool, yes: bool, as_json: bool) -> None:
    """Apply the manifests of TARGET and wait for the rollout; the plan is shown first.

    Server-side apply with a field manager of its own: what others own is refused, not taken, unless you say so.
    What was changed is kept in the journal of outputs/TARGET/lab/.
    """
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    from runbook import kubernetes

    cluster = kubernetes.connect(parameters)
    manifests = kubernetes.load_manifests(parameters)
    with at_work(parameters, "apply") as journal:
        planned = kubernetes.plan(cluster, manifests, force_conflicts=force_conflicts)
        _show(cluster, planned, as_json)
        kubernetes.require_room(planned.quota)
        changes: tuple[Change, ...] = planned.changes
        if not planned.is_empty:
            confirm(f"Apply this to {cluster.context}?", yes)

            def keep(change: Change) -> None:
                journal.append("change", step="apply", change=change)
                say(f"{change.action:<9}  {change.title}")

            changes = kubernetes.apply(cluster, manifests, keep, force_conflicts=force_conflicts)
        rollout = _wait(cluster, parameters)
    if as_json:
        print_json({"cluster": cluster, "changes": changes, "quota": planned.quota, "rollout": rollout})
    else:
        click.echo(_in_words(planned, changes, rollout))


def _show(cluster: Cluster, planned: Plan, as_json: bool) -> None:
    """The plan on stdout, or on stderr where stdout is for a script."""
    click.echo(cluster.title, err=as_json)
    print_plan(planned, err=as_json)


def _wait(cluster: Cluster, parameters: Parameters) -> Rollout:
    from runbook import kubernetes

    limit_s = parameters.rollout_timeout_s
    with Pulse() as pulse:
        pulse.running("rollout")

        def tell(text: str) -> None:
            pulse.running("rollout", more=text)
            pulse.line(text)

        return kubernetes.wait_for_rollout(cluster, parameters.namespace, kubernetes.DEPLOYMENT, limit_s, tell)


def _in_words(planned: Plan, changes: tuple[Change, ...], rollout: Rollout) -> str:
    count = sum(change.action != "unchanged" for change in changes)
    done = "Nothing was changed" if planned.is_empty else f"{count} object{'s' if count != 1 else ''} changed"
    return f"{done}; pod {rollout.pod} runs on {rollout.node} after {rollout.seconds:.1f} s."
