"""What the verbs of the command line share: the shape of their help, and their common options."""

from __future__ import annotations

from typing import Any

import click

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

# What a shell reports for a program that ended because nobody reads its output any more: 128 + SIGPIPE.
NOBODY_READS = 141

Statuses = dict[int, str]
Examples = tuple[tuple[str, str], ...]

STATUSES: Statuses = {
    0: "good",
    1: "a check or a step failed, or the cluster said no",
    2: "wrong usage or parameters; nothing was touched",
    3: "the cluster could not be reached",
    70: "a bug of runbook, with a trace and how to report it",
    130: "interrupted",
    NOBODY_READS: "whoever read the output went away",
}


class _Explained(click.Command):
    """A command whose help ends with its exit statuses and examples to paste."""

    def __init__(self, *args: Any, statuses: Statuses | None = None, examples: Examples = (), **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", SETTINGS)
        super().__init__(*args, **kwargs)
        self.statuses = STATUSES | (statuses or {})
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit statuses and the examples."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Exit status"):
            formatter.write_dl([(str(status), meaning) for status, meaning in self.statuses.items()])
        with formatter.section("Examples"):
            for comment, command in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}# {comment}\n")
                formatter.write(f"{'':{formatter.current_indent}}{command}\n")


class Verb(_Explained):
    """A verb."""


class VerbGroup(_Explained, click.Group):
    """A verb that has verbs of its own, listed in the order they are registered."""

    command_class = Verb

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, subcommand_metavar="VERB ...", **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the order is the same everywhere
        """The verbs in the order they are registered, the most used first."""
        return list(self.commands)


def _named_values(ctx: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The overrides given as `name=value`, each name once."""
    named: dict[str, str] = {}
    for text in values:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is not of the form name=value, such as memory_limit=8Gi", ctx, option)
        if name in named:
            raise click.BadParameter(f"{name} is given twice", ctx, option)
        named[name] = value
    return named


target_argument = click.argument("target")
parameter_option = click.option(
    "-p",
    "--parameter",
    "overrides",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_named_values,
    help="Use this value in place of the target's; may be repeated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for a script to read.")
