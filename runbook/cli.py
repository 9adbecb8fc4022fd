"""The `runbook` command: registers one module per verb, and turns what they raise into words and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from runbook import __version__
from runbook.commands import (
    apply,
    archive,
    audit,
    diff,
    drift,
    karakeep,
    local,
    measure,
    mirror,
    parameters,
    pin,
    plan,
    prune,
    pull,
    rebuild,
    rollback,
    size,
    survey,
    targets,
    verify,
)
from runbook.commands.output import show_error
from runbook.commands.verb import NOBODY_READS, SETTINGS, STATUSES, VerbGroup
from runbook.errors import Exit, RunbookError

# Set by the shell when it asks for completions.
COMPLETION = "_RUNBOOK_COMPLETE"

VERBS: tuple[click.Command, ...] = (
    rebuild.rebuild,
    verify.verify,
    plan.plan,
    apply.apply,
    drift.drift,
    audit.audit,
    rollback.rollback,
    survey.survey,
    size.size,
    pull.pull,
    mirror.mirror,
    measure.measure,
    karakeep.karakeep,
    archive.archive,
    diff.diff,
    pin.pin,
    prune.prune,
    local.local,
    targets.targets,
    parameters.parameters,
)


class Runbook(VerbGroup):
    """The group of all verbs; every way it can end is one of the exit statuses in its help."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> NoReturn:
        """Run the verb that the arguments name, and exit."""
        if COMPLETION in os.environ:
            super().main(args, "runbook", COMPLETION)
        words = list(sys.argv[1:] if args is None else args)
        sys.exit(ended(lambda: self._run(words)))

    def _run(self, words: list[str]) -> object:
        """Parse and invoke as click does, but let everything out: click hides a pipe that broke."""
        with self.make_context("runbook", words) as context:
            return self.invoke(context)


@click.group(
    "runbook",
    cls=Runbook,
    context_settings=SETTINGS,
    statuses=STATUSES,
    examples=(
        ("Rebuild the cluster of this machine, starting it if need be", "runbook rebuild"),
        ("See what a rebuild of your own cluster would change", "runbook plan homelab"),
        ("Rebuild it", "runbook rebuild homelab"),
    ),
)
@click.version_option(__version__, "--version", message="%(prog)s %(version)s", help="Print the version and exit.")
def cli() -> None:
    """Local AI on a small Kubernetes cluster without GPUs: size, deploy, verify and document it."""


for _verb in VERBS:
    cli.add_command(_verb)


def ended(verb: Callable[[], object]) -> int:
    """The exit status of a verb, after saying on stderr why it ended if that is not evident."""
    try:
        status = verb()
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    except click.exceptions.Exit as early:
        return early.exit_code
    except (KeyboardInterrupt, click.Abort):
        if sys.stderr.isatty():
            click.echo(err=True)  # behind the ^C that the terminal shows
        click.echo("Interrupted; the same command starts again.", err=True)
        return Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except RunbookError as error:
        show_error(error)
        return error.exit_status
    except Exception:  # noqa: BLE001 - whatever else escapes is a bug, and is said to be one
        return _bug()
    return status if isinstance(status, int) else Exit.GOOD


def _nobody_reads() -> int:
    # The interpreter flushes stdout once more when it ends, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return NOBODY_READS


def _bug() -> int:
    click.echo(traceback.format_exc(), err=True)
    click.echo(
        f"This is a bug of runbook {__version__}, not of your cluster. "
        "Please report it: open an issue with the command and the lines above.",
        err=True,
    )
    return Exit.BUG


def main() -> NoReturn:
    """Run the command line."""
    cli.main()


if __name__ == "__main__":
    main()
