"""`runbook karakeep derive`: a model that thinks, made into one that never does."""

from __future__ import annotations

from collections.abc import Mapping

import click

from runbook.commands.deployed import deployed
from runbook.commands.output import say
from runbook.commands.verb import Verb, parameter_option, target_argument
from runbook.errors import OllamaError, UsageError


@click.command(
    cls=Verb,
    short_help="Make a model that never thinks from one that does.",
    statuses={0: "the model is there", 1: "it cannot be made from this one, or the cluster said no"},
    examples=(
        ("From the plan's model", "runbook karakeep derive homelab qwen3:1.7b qwen3-tags"),
        ("And see what Karakeep gets from it", "runbook karakeep check homelab --model qwen3-tags"),
    ),
)
@target_argument
@click.argument("model")
@click.argument("name")
@parameter_option
def derive(target: str, model: str, name: str, overrides: Mapping[str, str]) -> None:
    """Make NAME on the server of TARGET: MODEL with a template that never opens a thought.

    The weights are shared, so it takes a few kB. It is not pulled with the target's models: make it again after the
    volume is lost.
    """
    from runbook import ollama
    from runbook.karakeep import without_thoughts
    from runbook.targets import load_target

    parameters = load_target(target, overrides)
    with deployed(parameters) as there:
        say(there.cluster.title)
        if ollama.find_stored(name, there.server.tags()):
            raise UsageError(f"{name} is there already.", next="Choose another name.")
        template = without_thoughts(there.server.show(model))
        if template is None:
            raise OllamaError(
                f"{model} cannot be made into one that never thinks.",
                why="its template does not ask about thinking, or its prompt is made in the server",
                next="Choose a model that does not think, such as qwen2.5:3b.",
            )
        there.server.create(name, from_=model, template=template)
    click.echo(f"{name} is there. Set INFERENCE_TEXT_MODEL={name} in Karakeep, after `runbook karakeep check`.")
