"""The index over all runs at a thousand of them: building it, adding a run, and using it in Chromium.

The runs are copies of one real run under other names, times and figures, each written and sealed by the package's own
writer, so that their records hold. The peer is the plainest way to the same answer: reading and parsing every record
in one loop, without a page.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from this_machine import machine

from runbook.archive import write_archive
from runbook.record import RunFolder, loads, read_journal, seal
from runbook.record.clock import utc
from runbook.record.strict import dumps
from runbook.targets import PROJECT

BUILD_S, BUILD_MIB, UPDATE_S, USABLE_S, FILTER_S = 20.0, 300.0, 1.0, 3.0, 0.5
TARGETS = ("homelab", "local", "spare")
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)


def make_runs(template: Path, outputs: Path, numbers: range) -> None:
    """Copies of a run with other names, times and figures, sealed anew."""
    for number in numbers:
        chance = random.Random(number)  # noqa: S311 - figures that look real, the same each time
        begun = FIRST_DAY + timedelta(hours=7 * number)
        name = f"{begun:%Y%m%dT%H%M%SZ}-{number:04x}"
        folder = RunFolder(outputs / TARGETS[number % 7 % 3] / name)
        rewritten = shutil.ignore_patterns("record.*", "journal.jsonl", "results.json")
        shutil.copytree(template, folder.path, copy_function=os.link, ignore=rewritten)
        rewrite_results(template, folder, chance)
        rewrite_journal(template, folder, begun, chance)
        seal(folder)


def rewrite_results(template: Path, folder: RunFolder, chance: random.Random) -> None:
    """The results of the template, their speeds scaled as those of a machine that drifts."""
    content = loads((template / "results.json").read_bytes())
    factor = chance.gauss(1, 0.04)
    for one in content["steps"].get("06_measure", {}).get("measurements", []):
        for name in ("decode_tokens_per_second", "prompt_tokens_per_second"):
            found = one[name]
            one[name] = {key: scaled(value, factor) for key, value in found.items()}
    folder.results.write_text(dumps(content, indent=1) + "\n")


def scaled(value: Any, factor: float) -> Any:
    """A figure, or several, times a factor."""
    return [one * factor for one in value] if isinstance(value, list) else value * factor


def rewrite_journal(template: Path, folder: RunFolder, begun: datetime, chance: random.Random) -> None:
    """The journal of the template, chained anew under another name, target and time; one in eight failed."""
    events = read_journal(template / "journal.jsonl").events
    failed = chance.random() < 1 / 8
    lines, previous = [], "sha256:" + "0" * 64
    for event in events:
        fields = dict(event.fields)
        if event.name == "runStarted":
            fields |= {"run": folder.id, "target": folder.path.parent.name}
        if event.name == "runFinished" and failed:
            fields |= {"verdict": "failed", "reason": "05_verify: cell 9: an answer took 412 s, the limit is 180 s"}
        moved = begun + (datetime.fromisoformat(event.at) - datetime.fromisoformat(events[0].at))
        body = {"number": event.number, "at": utc(moved), "event": event.name, **fields, "previous": previous}
        line = dumps(body)
        lines.append(line + "\n")
        previous = "sha256:" + hashlib.sha256(line.encode()).hexdigest()
    folder.journal.write_text("".join(lines))
    read_journal(folder.journal)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of some work in a process of its own, and the most memory that process had, in MiB."""
    receive, send = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_child, args=(work, send))
    process.start()
    found: tuple[float, float] = receive.recv()
    process.join()
    return found


def _child(work: Callable[[], object], send: Any) -> None:
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    send.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


class Build:
    """Building the index, from scratch or from what is remembered."""

    def __init__(self, outputs: Path, *, remembered: bool) -> None:
        self.outputs, self.remembered = outputs, remembered

    def __call__(self) -> None:
        """Do it."""
        write_archive(self.outputs, remembered=self.remembered)


class Parse:
    """The peer: every record and its results parsed by the standard library, and nothing made of them."""

    def __init__(self, outputs: Path) -> None:
        self.outputs = outputs

    def __call__(self) -> None:
        """Do it."""
        for record in self.outputs.glob("*/*/record.json"):
            json.loads(record.read_bytes())
            json.loads((record.parent / "results.json").read_bytes())


def in_chromium(index: Path, repetitions: int) -> tuple[float, float, int]:
    """Seconds until the page can be used, seconds a filter takes until it is drawn, and rows shown."""
    from playwright.sync_api import sync_playwright

    loads_s, filters_s, rows = [], [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(repetitions):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            begun = time.perf_counter()
            page.goto(index.as_uri())
            page.locator("#filter input").fill("")
            page.evaluate(DRAWN)
            loads_s.append(time.perf_counter() - begun)
            filters_s += [
                page.evaluate(FILTER, words) / 1000 for words in ("failed", "homelab 412", "", "nothing at all", "")
            ]
            rows = page.locator("#runs > tbody > tr").count()
            page.close()
        browser.close()
    return statistics.median(loads_s), max(filters_s), rows


DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
FILTER = """
words => new Promise(done => {
  const field = document.querySelector("#filter input");
  const begun = performance.now();
  field.value = words;
  field.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.getBoundingClientRect();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
})
"""


def newest_run() -> Path:
    """The example, or else the newest run there is."""
    runs = sorted(PROJECT.glob("outputs/examples/*/*/record.json")) or sorted(PROJECT.glob("outputs/*/*/record.json"))
    if not runs:
        raise SystemExit("There is no run to copy: `make rebuild` makes one.")
    return runs[-1].parent


def main() -> None:
    """Measure, print the table and the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="100 runs, once")
    parser.add_argument("--template", type=Path, help="the run to copy; without it the example")
    given = parser.parse_args()
    count, repetitions = (100, 1) if given.quick else (given.runs, 3)
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs"
        template = Path(folder) / "template"
        shutil.copytree(given.template or newest_run(), template)
        make_runs(template, outputs, range(count))
        print_report(outputs, template, range(count, count + repetitions), repetitions)


def print_report(outputs: Path, template: Path, more: range, repetitions: int) -> None:
    """Measure each part on the runs of a folder, adding some, and print what was found beside the goals."""
    peer_s = statistics.median(measured(Parse(outputs))[0] for _ in range(repetitions))
    builds = [measured(Build(outputs, remembered=False)) for _ in range(repetitions)]
    measured(Build(outputs, remembered=True))
    updates = []
    for number in more:
        make_runs(template, outputs, range(number, number + 1))
        updates.append(measured(Build(outputs, remembered=True)))
    usable_s, filter_s, rows = in_chromium(outputs / "index.html", repetitions)
    build_s, build_mib = statistics.median(one[0] for one in builds), max(one[1] for one in builds)
    update_s = statistics.median(one[0] for one in updates)
    size_mb = (outputs / "index.html").stat().st_size / 1e6
    figures = {
        "runs": rows, "build_s": round(build_s, 2), "build_mib": round(build_mib), "update_s": round(update_s, 3),
        "usable_s": round(usable_s, 2), "filter_s": round(filter_s, 3), "page_mb": round(size_mb, 2),
        "ratio_to_parsing": round(build_s / peer_s, 2),
    }  # fmt: skip
    goals = {
        "build_s": BUILD_S,
        "build_mib": BUILD_MIB,
        "update_s": UPDATE_S,
        "usable_s": USABLE_S,
        "filter_s": FILTER_S,
    }
    print(f"{rows} runs; {machine()}\n")
    print(f"{'what':<44}{'found':>10}{'goal':>10}")
    for name, words in (
        ("build_s", "index from scratch, s"),
        ("build_mib", "the most memory meanwhile, MiB"),
        ("update_s", "index after one new run, s"),
        ("usable_s", "page usable in Chromium, s"),
        ("filter_s", "slowest filter until drawn, s"),
    ):
        print(f"{words:<44}{figures[name]:>10}{goals[name]:>10}")
    print(f"{'page, MB':<44}{figures['page_mb']:>10}")
    print(f"{'parsing all records and no more, s':<44}{peer_s:>10.2f}{figures['ratio_to_parsing']:>10} times\n")
    met = all(figures[name] <= goals[name] for name in goals)
    print(json.dumps({"benchmark": "archive_scale", "figures": figures, "goal": goals, "met": met}))


if __name__ == "__main__":
    main()
