"""`runbook verify`: recompute the record of a run offline, and say what it proves and what it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runbook.commands.output import print_json
from runbook.commands.verb import Verb, json_option
from runbook.errors import Exit, UsageError

if TYPE_CHECKING:
    from runbook.record import Verification

HEADINGS = {
    "good": "good: the record of {run} holds",
    "unfinished": "unfinished: {run} was ended before it was sealed; what its journal holds is whole",
    "tampered": "not good: {run} was tampered with, is damaged, or contradicts itself",
}


@click.command(
    cls=Verb,
    short_help="Recompute the record of a run offline.",
    statuses={
        0: "every file, event and verdict is what the record says",
        1: "something is not, and its place is named; or the run was ended before it was sealed",
        2: "it is not a run, or one of a newer version",
    },
    examples=(
        ("A run of the cluster of this machine", "runbook verify outputs/local/20261125T061500Z-3fa9"),
        ("A run that must be signed by this key", "runbook verify RUN --key ours.pub"),
        ("Sign a run that holds, with the key in a file", "runbook verify RUN --sign ~/keys/runbook.pem"),
    ),
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PUBLIC",
    help="File with the Ed25519 public key (PEM) that must have signed the record.",
)
@click.option(
    "--sign",
    "signing_key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="KEY",
    help="Sign the record, if it holds, with the Ed25519 private key (PEM) in this file.",
)
@json_option
def verify(run: Path, key: Path | None, signing_key: Path | None, as_json: bool) -> int:
    """Recompute everything that the record of RUN says, from its folder alone.

    Nothing is fetched, and nothing is changed but the signature that --sign adds. RUNBOOK_SIGNING_KEY, the path of a
    private key, has each run signed when it is sealed.
    """
    from runbook import record

    found = record.verify(run, key)
    if signing_key and found.verdict == "good":
        if found.signed_by:
            raise UsageError(f"{found.run} is signed already, by the key {found.signed_by}.")
        record.sign(record.RunFolder(run.resolve()), signing_key)
        found = record.verify(run, key)
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(_in_words(found)))
    return Exit.GOOD if found.verdict == "good" else Exit.FAILED


def _in_words(found: Verification) -> list[str]:
    lines = [HEADINGS[found.verdict].format(run=found.run)]
    lines += [f"  {one.where}: {one.what}" for one in found.findings]
    if found.verdict == "good":
        lines.append(f"The run {found.run_verdict}.")
    elif found.last_event:
        lines.append(f"The last event that can be read: {found.last_event}.")
    elif found.verdict == "unfinished":
        lines.append("It was ended before its first event.")
    lines += ["Recomputed:", *(f"  {one}" for one in found.proved)] if found.proved else []
    return [*lines, "Not proved:", *(f"  {one}" for one in found.unproved)]
