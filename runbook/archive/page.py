"""The index over all runs and targets: `index.html` in the folder of outputs, one file without a server.

Everything is in the page and can be read without its script, which only narrows the table down.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from markupsafe import Markup

from runbook import __version__
from runbook.archive.card import Figure
from runbook.archive.look import TEMPLATES, duration, templates
from runbook.archive.shelf import Shelved, shelf
from runbook.archive.sparkline import Bar, Point, line, strip
from runbook.record import now, write_atomic

PAGE = "index.html"
LOCK = ".archive.lock"
LOCK_TIMEOUT_S = 30.0
KINDS = {"succeeded": "good", "failed": "bad", "interrupted": "warn", "unfinished": "warn", "unreadable": "bad"}


@dataclass(frozen=True)
class Course:
    """The course of one model's speed over the runs of a target.

    Attributes:
        model: The model.
        drawing: The sparkline.
        latest: The latest figure, with its range.
        count: How many runs measured it.
    """

    model: str
    drawing: Markup
    latest: Figure
    count: int


@dataclass(frozen=True)
class TargetCourse:
    """What the index says of one target above the table.

    Attributes:
        name: The target, or where its examples lie.
        latest: Its latest run.
        succeeded: How many of its runs succeeded.
        runs: How many can be read.
        durations: How long each took, as a drawing.
        courses: The speed of each model.
    """

    name: str
    latest: Shelved
    succeeded: int
    runs: int
    durations: Markup
    courses: tuple[Course, ...]


def write_archive(outputs: Path, *, remembered: bool = True) -> list[Shelved]:
    """Write the index over all runs, and return what is on it, the newest first.

    Args:
        outputs: The folder of outputs.
        remembered: Take from memory what was read before; without it every record is read again.

    Raises:
        OSError: The folder cannot be read or written.
        filelock.Timeout: Another process has been writing it for half a minute.
    """
    with FileLock(outputs / LOCK, timeout=LOCK_TIMEOUT_S):
        found = shelf(outputs, remembered=remembered)
        write_atomic(outputs / PAGE, render(found), durable=False)
    return found


def render(found: Sequence[Shelved]) -> str:
    """The page over runs, the newest first."""
    script = (TEMPLATES / "archive.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        templates()
        .get_template("archive.html")
        .render(
            found=found,
            targets=_courses(found),
            kinds=KINDS,
            verdicts=_present(one.card.verdict for one in found),
            names=_present(one.card.target for one in found),
            script=Markup(script),  # noqa: S704 - our own file
            policy=Markup("script-src 'sha256-{}'").format(digest),
            made_at=now(),
            version=__version__,
        )
    )


def _courses(found: Sequence[Shelved]) -> list[TargetCourse]:
    groups: dict[str, list[Shelved]] = {}
    for one in found:
        if one.is_run:
            groups.setdefault(one.place.rpartition("/")[0], []).append(one)
    return [_course(name, group) for name, group in sorted(groups.items())]


def _course(name: str, newest_first: Sequence[Shelved]) -> TargetCourse:
    runs = list(reversed(newest_first))
    timed = [one.card for one in runs if one.card.seconds is not None]
    bars = [Bar(card.seconds or 0.0, KINDS.get(card.verdict, "warn")) for card in timed]
    said = f"Duration of the last {len(bars)} runs of {name}"
    if timed:
        said += f", the latest {duration(timed[-1].seconds)}"
    return TargetCourse(
        name=name,
        latest=newest_first[0],
        succeeded=sum(one.card.verdict == "succeeded" for one in runs),
        runs=len(runs),
        durations=strip(bars, said),
        courses=tuple(_speeds(runs)),
    )


def _speeds(oldest_first: Sequence[Shelved]) -> list[Course]:
    by_model: dict[str, list[Figure]] = {}
    for one in oldest_first:
        for figure in one.card.figures:
            by_model.setdefault(figure.model, []).append(figure)
    return [_speed(model, figures) for model, figures in sorted(by_model.items())]


def _speed(model: str, figures: Sequence[Figure]) -> Course:
    latest = figures[-1]
    middle, low, high = latest.decode
    label = (
        f"{model}, tokens per second over {len(figures)} run{'' if len(figures) == 1 else 's'}: "
        f"the latest {middle:.1f}, between {low:.1f} and {high:.1f}"
    )
    return Course(model, line([Point(*figure.decode) for figure in figures], label), latest, len(figures))


def _present(values: Iterable[str]) -> list[str]:
    return sorted(set(values))
