"""The rebuild guide of a run, as Markdown: the commands that make it again, what was found, a changelog entry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from runbook.archive.look import duration, moment
from runbook.archive.markdown import one_line, table
from runbook.parameters import Parameters
from runbook.rebuild.figures import figures, measurements
from runbook.rebuild.index import check_counts, known_results
from runbook.rebuild.outcome import RunResult, StepResult
from runbook.rebuild.versions import versions
from runbook.record import Redactor, RunFolder, to_json, write_atomic

DIGITS = 12
GIBIBYTE = 2**30


def write_guide(folder: RunFolder, parameters: Parameters, result: RunResult) -> None:
    """Write `rebuild.md`.

    Raises:
        RecordError: The journal or the results are damaged.
        OSError: It cannot be written.
    """
    text = "\n".join(_lines(folder, parameters, result)) + "\n"
    write_atomic(folder.guide, Redactor.of_this_process().text(text))


def _lines(folder: RunFolder, parameters: Parameters, result: RunResult) -> Iterator[str]:
    known, ran = known_results(folder), versions(folder, result)
    yield f"# Rebuild of {parameters.target}"
    yield from (
        "",
        f"Run {folder.id}, begun {moment(ran['startedAt'])}: {result.verdict}, in {duration(result.seconds)}.",
    )
    if result.reason:
        yield f"It did not succeed: {one_line(result.reason)}"
    yield ""
    yield from table(("what", "which"), _facts(parameters, ran))
    yield from ("", "## Again", "", *_again(parameters, ran))
    yield from ("", "## By hand", "", *_by_hand(parameters))
    yield from ("", "## Steps", "")
    steps = ((step.step.name, step.step.title, step.outcome, _time(step)) for step in result.steps)
    yield from table(("step", "title", "outcome", "time"), steps)
    yield from _found(known)
    yield from ("", "## Checks", "", f"{_counted(result)}.", "")
    checks = ((check.name, check.status, check.evidence) for check in result.checks)
    yield from table(("check", "status", "evidence"), checks)
    yield from ("", "## For a changelog", "", "```markdown", *_changelog(parameters, result, known, ran), "```")


def _facts(parameters: Parameters, ran: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    cluster = ran["cluster"] or {}
    yield "cluster", f"{cluster.get('context', parameters.context)}, {cluster.get('server', 'server not known')}"
    yield "Kubernetes", cluster.get("version", "not known")
    for node in ran["nodes"] or ():
        yield f"node {node['name']}", f"{node['kubelet_version']}, {node['container_runtime']}, {node['os_image']}"
    yield "image", f"{ran['ollama']['image']} {_short(ran['ollama']['image_id'])}".strip()
    for model in ran["models"] or ({"name": name, "digest": None} for name in parameters.models):
        yield "model", f"{model['name']} {_short(model['digest'])}".strip()
    yield "project", _project(ran["project"])
    yield "everything else", "versions.json"


def _again(parameters: Parameters, ran: Mapping[str, Any]) -> Iterator[str]:
    commit = ran["project"]["gitCommit"]
    yield f"With this as `targets/{parameters.target}.yaml`:"
    yield from ("", "```yaml", *_target_file(parameters), "```", "")
    yield "```sh"
    if commit:
        yield f"git checkout {commit}"
    yield f"make rebuild TARGET={parameters.target}"
    yield "```"
    if ran["project"]["gitDirty"]:
        yield from ("", "The checkout held uncommitted changes, so the commit alone is not what ran.")


def _target_file(parameters: Parameters) -> Iterator[str]:
    """The parameters that are not at their defaults, in the form of a target file; JSON values are YAML."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in Parameters.model_fields.items()}
    for name, value in dict(parameters).items():
        if name != "target" and value != defaults.get(name):
            yield f"{name}: {json.dumps(to_json(value)[0], ensure_ascii=False)}"


def _by_hand(parameters: Parameters) -> Iterator[str]:
    """The same, step by step; each of the verbs is what a notebook calls."""
    target, config = parameters.target, f" --kubeconfig {parameters.kubeconfig}" if parameters.kubeconfig else ""
    kubectl = f"kubectl{config} --context {parameters.context} --namespace {parameters.namespace}"
    yield from (
        "```sh",
        f"runbook survey {target}                  # what the nodes offer",
        f"runbook plan {target}                    # what would change",
        f"runbook apply {target}                   # the namespace, its quota and policy, the volume, the Deployment",
        f"{kubectl} rollout status deployment/ollama --timeout={parameters.rollout_timeout_s:.0f}s",
        f"runbook pull {target}                    # {', '.join(parameters.models)}",
        f"{kubectl} exec deployment/ollama -- ollama list",
        f"runbook rebuild {target} --only 05,06    # verify as the consumer asks, and measure",
        "```",
    )


def _found(known: Mapping[str, Any]) -> Iterator[str]:
    """What the steps found, each table where there is something to show."""
    nodes = (known.get("hardware") or {}).get("nodes")
    if nodes:
        yield from ("", "## Hardware", "")
        columns = ("node", "CPUs", "memory, GiB", "allocatable, GiB", "free for a model, GiB")
        yield from table(columns, map(_node, nodes))
    if known.get("changes"):
        yield from ("", "## Changes to the cluster", "")
        rows = (
            (one["action"], one["kind"], f"{one['namespace'] or ''}/{one['name']}".strip("/"))
            for one in known["changes"]
        )
        yield from table(("action", "kind", "object"), rows)
    if measured := measurements(known):
        yield from ("", "## Measured", "", "The median, and the range over all runs that count.", "")
        yield from table(("model", "quantity", "measured"), measured)
    if compared := figures(known):
        yield from ("", "## Estimate and measurement", "")
        pairs = ((one.model, one.quantity, one.estimated, one.measured) for one in compared)
        yield from table(("model", "quantity", "estimated", "measured"), pairs)


def _node(node: Mapping[str, Any]) -> tuple[str, ...]:
    sizes = ("memory_installed_bytes", "memory_allocatable_bytes", "memory_free_for_model_bytes")
    known = (f"{node[size] / GIBIBYTE:.1f}" if node.get(size) is not None else "" for size in sizes)
    return (str(node.get("name", "")), str(node.get("cpus", "")), *known)


def _changelog(
    parameters: Parameters, result: RunResult, known: Mapping[str, Any], ran: Mapping[str, Any]
) -> Iterator[str]:
    """An entry for the changelog of whoever owns the cluster."""
    yield f"## {ran['startedAt'][:10]}: {parameters.target} rebuilt, {result.verdict}"
    yield ""
    if result.reason:
        yield f"- Reason: {one_line(result.reason)}"
    cluster = ran["cluster"] or {}
    what_runs = (f"Kubernetes {cluster.get('version', 'not known')}", ran["ollama"]["image"], *parameters.models)
    yield f"- {', '.join(what_runs)}"
    changed = [
        f"{one['action']} {one['kind']} {one['name']}"
        for one in known.get("changes") or ()
        if one["action"] != "unchanged"
    ]
    yield f"- Cluster: {', '.join(changed) or 'nothing changed'}"
    for model, quantity, value in measurements(known):
        yield f"- {model}: {quantity} {value}"
    yield f"- Checks: {_counted(result)}"
    yield f"- Record: {ran['run']}, project {_project(ran['project'])}"


def _counted(result: RunResult) -> str:
    counts = check_counts(result)
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"


def _project(source: Mapping[str, Any]) -> str:
    commit = source["gitCommit"]
    changes = " with uncommitted changes" if source["gitDirty"] else ""
    return f"{source['version']}, {'commit ' + commit[:DIGITS] if commit else 'not under git'}{changes}"


def _short(digest: str | None) -> str:
    return f"({digest.removeprefix('sha256:')[:DIGITS]})" if digest else ""


def _time(step: StepResult) -> str:
    return duration(step.seconds) if step.started_at else ""
