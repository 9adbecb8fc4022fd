"""The lint of a Karakeep environment: every rule asked, the worst finding first."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.forms import SECRET_VALUES
from runbook.karakeep.settings import address_rules, model_rules, name_rules, size_rules
from runbook.karakeep.settings.advice import Advice, judge_advice
from runbook.karakeep.settings.dotenv import read_dotenv
from runbook.karakeep.settings.environment import Environment
from runbook.karakeep.settings.objects import read_yaml
from runbook.karakeep.settings.rule import SEVERITIES, Finding, Found, Release, Rule, Situation
from runbook.parameters import Parameters

RULES: tuple[Rule, ...] = (*address_rules.RULES, *model_rules.RULES, *size_rules.RULES, *name_rules.RULES)
YAML_NAMES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Lint:
    """What was found in an environment.

    Attributes:
        source: What was read.
        karakeep: The version of Karakeep that was judged for; empty where it is not known.
        ollama: The version of Ollama that was judged for; empty where it is not known.
        findings: The findings, the worst first.
        advice: The plan's advice, and whether it holds for these versions.
        unread: Sources of further variables that were not read.
    """

    source: str
    karakeep: str
    ollama: str
    findings: tuple[Finding, ...]
    advice: tuple[Advice, ...]
    unread: tuple[str, ...] = ()

    @property
    def errors(self) -> int:
        """How many findings leave bookmarks untagged."""
        return sum(one.severity == "error" for one in self.findings)


def read_environment(text: str, source: str) -> Environment:
    """The environment in a file: YAML or JSON of Kubernetes by its name or its head, else lines of NAME=value.

    Raises:
        UsageError: It is neither.
    """
    head = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    is_yaml = source.lower().endswith(YAML_NAMES) or head.startswith(("apiVersion:", "kind:", "---"))
    return read_yaml(text, source) if is_yaml else read_dotenv(text, source)


def lint(environment: Environment, parameters: Parameters | None = None, *, version: str = "") -> Lint:
    """Hold an environment against the rules.

    Args:
        environment: The environment.
        parameters: The target that Karakeep is to use.
        version: Version of Karakeep, such as 0.30.0; empty takes the tag of the environment's image.
    """
    karakeep = Release.of(version) if version else Release.of_image(environment.image)
    ollama = Release.of_image(parameters.image) if parameters else None
    situation = Situation(environment, parameters, karakeep, ollama)
    found = [_finding(rule, one) for rule in RULES for one in rule.recognise(situation)]
    found += [_broken(place) for place in environment.broken]
    return Lint(
        environment.source,
        str(karakeep or ""),
        str(ollama or ""),
        tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity))),
        judge_advice(karakeep, ollama),
        environment.unread,
    )


def _finding(rule: Rule, found: Found) -> Finding:
    place = found.setting.place if found.setting else ""
    severity = found.severity or rule.severity
    # Somebody who mixes up the two sides of a line has a secret for a name.
    variable = "a name that is not shown" if SECRET_VALUES.search(found.variable) else found.variable
    return Finding(rule.id, severity, variable, place, found.effect, found.remedy, rule.source)


def _broken(place: str) -> Finding:
    """The line itself is not shown, since it may be a secret."""
    effect = "neither NAME=value nor a comment: it sets nothing"
    return Finding("K27", "warning", "", place, effect, "Write it as NAME=value.", "how an environment is read")
