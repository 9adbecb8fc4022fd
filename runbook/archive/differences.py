"""What differs between two runs beside the measurements: parameters, versions, files that went in, steps, checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.archive.reading import listed_at, text_at, within
from runbook.archive.side import Side

# Better first: a check or a step that moves down this list got worse.
CHECK_RANKS = {"passed": 0, "skipped": 1, "failed": 2}
STEP_RANKS = {"succeeded": 0, "stopped early": 1, "interrupted": 1, "unfinished": 1, "failed": 2}
NODE_FACTS = ("kubelet_version", "container_runtime", "kernel", "os_image", "cpus", "memory_installed_bytes")
DIGITS = 12


@dataclass(frozen=True)
class Difference:
    """A value that is not the same in both runs.

    Attributes:
        name: What it is.
        before: Its value in the earlier run; None where it has none.
        after: Its value in the later run; None where it has none.
    """

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Turn:
    """A step or a check that ended otherwise.

    Attributes:
        name: The step, or the check.
        step: The step that a check belongs to; empty for a step.
        before: What became of it in the earlier run; empty where it was not made.
        after: What became of it in the later run; empty where it was not made.
        worse: It got worse: evidence that was there is missing, or speaks against it now.
        evidence: The reason or evidence of the later run.
    """

    name: str
    step: str
    before: str
    after: str
    worse: bool
    evidence: str = ""


def parameters(before: Side, after: Side) -> tuple[Difference, ...]:
    """Parameters with another value."""
    return _differences(within(before.said, "parameters"), within(after.said, "parameters"))


def versions(before: Side, after: Side) -> tuple[Difference, ...]:
    """Versions and facts of what ran: the project, the cluster, its nodes, image, models, packages."""
    return _differences(dict(_versions(before.said)), dict(_versions(after.said)))


def manifests(before: Side, after: Side) -> tuple[Difference, ...]:
    """Files that went into the runs and are not the same, by the first digits of their digests."""
    return _differences(_materials(before.said), _materials(after.said))


def steps(before: Side, after: Side) -> tuple[Turn, ...]:
    """Steps that ended otherwise; one that the later run did not choose, or took from a receipt, did not get worse."""
    earlier, later = _steps(before), _steps(after)
    turns = (_step_turn(name, earlier.get(name), later.get(name)) for name in {**earlier, **later})
    return tuple(turn for turn in turns if turn.before != turn.after)


def checks(before: Side, after: Side) -> tuple[Turn, ...]:
    """Checks that ended otherwise, and those that only one run made though both ran their step."""
    earlier, later = _checks(before), _checks(after)
    ran = {name for name, step in _steps(after).items() if text_at(step, "verdict") in STEP_RANKS}
    done = {name for name, step in _steps(after).items() if text_at(step, "verdict") == "succeeded"}
    turns = (_check_turn(key, earlier.get(key), later.get(key), done) for key in {**earlier, **later})
    return tuple(turn for turn in turns if turn.before != turn.after and (turn.after or turn.step in ran))


def _differences(before: Any, after: Any) -> tuple[Difference, ...]:
    earlier = before if isinstance(before, Mapping) else {}
    later = after if isinstance(after, Mapping) else {}
    names = sorted({*earlier, *later})
    found = (Difference(name, earlier.get(name), later.get(name)) for name in names)
    return tuple(one for one in found if one.before != one.after)


def _versions(said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    source = within(said, "source")
    yield "project", text_at(source, "gitCommit")[:DIGITS] or None
    yield "project has uncommitted changes", within(source, "gitDirty")
    yield "Python", within(said, "host", "python")
    yield "machine", within(said, "host", "system")
    yield "machine's CPUs", within(said, "host", "cpus")
    for name, value in (("UID", "uid"), ("server", "server"), ("Kubernetes", "version")):
        yield name if name == "Kubernetes" else f"cluster {name}", within(said, "cluster", value)
    for node in listed_at(said, "nodes"):
        yield from ((f"node {text_at(node, 'name')} {fact}", node.get(fact)) for fact in NODE_FACTS)
    for image in listed_at(said, "images"):
        yield f"image {text_at(image, 'image')}", text_at(image, "image_id").removeprefix("sha256:")[:DIGITS]
    for model in listed_at(said, "models"):
        yield f"model {text_at(model, 'name')}", text_at(model, "digest").removeprefix("sha256:")[:DIGITS]
    packages = within(said, "packages")
    if isinstance(packages, Mapping):
        yield from ((f"package {name}", version) for name, version in packages.items())


def _materials(said: Mapping[str, Any]) -> dict[str, str]:
    return {text_at(one, "name"): text_at(one, "digest", "sha256")[:DIGITS] for one in listed_at(said, "materials")}


def _steps(side: Side) -> dict[str, Mapping[str, Any]]:
    return {text_at(step, "name"): step for step in listed_at(side.said, "steps")}


def _step_turn(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Turn:
    earlier, later = text_at(before, "verdict"), text_at(after, "verdict")
    if later == "not started":
        worse = earlier in STEP_RANKS  # an earlier step stopped the run before it came to this one
    else:
        worse = later in STEP_RANKS and STEP_RANKS[later] > STEP_RANKS.get(earlier, 0)
    return Turn(name, "", earlier, later, worse, text_at(after, "reason"))


def _checks(side: Side) -> dict[tuple[str, str, int], Mapping[str, Any]]:
    """The checks of a run by step, name, and which of several of that name it is."""
    return {
        key: check
        for step in listed_at(side.said, "steps")
        for key, check in _numbered(text_at(step, "name"), listed_at(step, "checks"))
    }


def _numbered(
    step: str, found: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[tuple[str, str, int], Mapping[str, Any]]]:
    seen: Counter[str] = Counter()
    for check in found:
        name = text_at(check, "name")
        yield (step, name, seen[name]), check
        seen[name] += 1


def _check_turn(
    key: tuple[str, str, int], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, done: set[str]
) -> Turn:
    """How a check turned; one that is gone counts against the run unless its step was done to the end without it."""
    step, name, _ = key
    earlier, later = text_at(before, "status"), text_at(after, "status")
    if not later:
        worse = earlier == "passed" and step not in done
    else:
        worse = CHECK_RANKS.get(later, 1) > (CHECK_RANKS.get(earlier, 1) if earlier else 1)
    return Turn(name, step, earlier, later, worse, text_at(after, "evidence"))
