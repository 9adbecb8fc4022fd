"""`runbook karakeep check`: what Karakeep would get from a deployed server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from runbook.commands.deployed import deployed
from runbook.commands.output import print_json, print_table, say
from runbook.commands.progress import Pulse
from runbook.commands.verb import Verb, json_option, parameter_option, target_argument

if TYPE_CHECKING:
    from runbook.inference import Contract, Trial
    from runbook.ollama import Ollama

FORMS = ("structured", "json", "plain")


@click.command(
    cls=Verb,
    short_help="Ask the deployed server as Karakeep would, and judge the answers.",
    statuses={0: "the consumer gets what it asks for", 1: "a trial in the target's form failed"},
    examples=(
        ("The target's models, as Karakeep is set up", "runbook karakeep check homelab"),
        ("Two models side by side", "runbook karakeep check homelab --model qwen3:1.7b --model qwen2.5:3b"),
        ("With other limits, for a script", "runbook karakeep check homelab -p job_timeout_s=600 --json"),
    ),
)
@target_argument
@click.option("--model", "models", metavar="MODEL", multiple=True, help="Ask this model; may be repeated.")
@parameter_option
@json_option
def check(target: str, models: tuple[str, ...], overrides: Mapping[str, str], as_json: bool) -> int:
    """Ask the server of TARGET as Karakeep 0.30 and later do: its prompt, options, form, context and limits.

    A short page, an error page, a page that nearly fills the context, and an image where a model sees; the short page
    in all three forms of answer. Some minutes a model; interrupted, it prints what was found so far. Of a thinking
    model a derived one is made for a moment, and removed again.
    """
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    from runbook import inference

    found = inference.Contract()
    try:
        with deployed(parameters) as there, Pulse() as pulse:
            say(there.cluster.title)
            _require(there.server, models or (parameters.text_model,))
            forms = dict.fromkeys((parameters.output_schema, *FORMS))
            inference.check_contract(
                there.server, parameters, models, forms=forms, into=found, on_progress=pulse.running
            )
    finally:
        if found.trials:
            _report(found, as_json=as_json)
    own = [one for one in found.trials if one.form == parameters.output_schema]
    return 1 if any(one.check.status == "failed" for one in own) else 0


def _require(server: Ollama, models: tuple[str, ...]) -> None:
    from runbook import ollama
    from runbook.checks import require

    require(ollama.presence_checks(models, server.tags()))


COLUMNS = ("model", "form", "case", "verdict", "tags", "tries", "first byte", "all", "prompt", "answer", "rules")


def _report(found: Contract, *, as_json: bool) -> None:
    best = found.recommendation
    if as_json:
        print_json({"contract": found, "checks": found.checks, "recommendation": best})
        return
    print_table(COLUMNS, (_row(one) for one in found.trials))
    for one in found.trials:
        if not one.holds:
            click.echo(f"\n{one.model}, {one.form}, {one.case}: {one.failure}")
            click.echo(f"  for the user: {one.meaning}\n  {one.remedy}")
    for skipped in found.skipped:
        click.echo(f"skipped  {skipped.name}: {skipped.evidence}")
    for way in found.ways:
        verdict = "works" if way.works else "does not work"
        click.echo(f"{way.model}: {way.way} {verdict}: {way.evidence}")
    click.echo()
    if found.safe_job_limit_s:
        click.echo(f"The slowest answer asks for INFERENCE_JOB_TIMEOUT_SEC={found.safe_job_limit_s:g} or more.")
    if best.model:
        click.echo(f"Set INFERENCE_TEXT_MODEL={best.model} and INFERENCE_OUTPUT_SCHEMA={best.form}: {best.evidence}.")
    else:
        click.echo(f"No model is recommended: {best.evidence}.")


def _row(one: Trial) -> tuple[str, ...]:
    verdict = "passed" if one.holds else "by chance" if one.check.status == "skipped" else "failed"
    return (
        one.model,
        one.form,
        one.case,
        verdict,
        str(len(one.tags)),
        str(one.tries),
        _seconds(one.first_byte_s),
        _seconds(one.wall_s),
        f"{one.prompt_tokens or '?'}/{one.context_tokens}",
        f"{one.output_tokens or '?'} {one.done_reason}".strip(),
        f"{one.obeyed} of {len(one.rules)}" if one.rules else "",
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"
