"""A short run on the real cluster, as a program that a test can kill: three notebooks, each applying two ConfigMaps.

usage: python short_run.py NAMESPACE

Each line of stdin is a folder and `run` or `resume`. A copy of this process is made for it, whose number is printed
first and whose exit status last; `told.json` in the folder says how the run and each of its steps ended.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from runbook.checks import Check
from runbook.errors import UsageError
from runbook.kubernetes import Cluster, Manifest, connect, plan
from runbook.rebuild import guide, index, newborn, notebook_page, rebuild  # noqa: F401 - pages are imported late
from runbook.rebuild.holding import Scene
from runbook.record import facts
from runbook.targets import load_target

STEPS = ("01_first", "02_second", "03_third")
PRELOADED = ("ipykernel.kernelapp", "ipykernel.ipkernel", "runbook.record", "runbook.kubernetes", "kubernetes.client")
BEGIN = """\
import sys
sys.path.insert(0, {tests!r})
import short_run
from runbook import kubernetes, record
from runbook.checks import Check
step = record.begin("{name}", target=target, run=run)
cluster = kubernetes.connect(step.parameters)
manifests = short_run.manifests(step.name, step.parameters.namespace)"""
READ = 'before = step.read("{}") if {!r} else 0'
APPLY = "applied = kubernetes.apply(cluster, manifests, on_change=step.change)"
RESULT = 'step.result("{}", before + len(applied))'
VERIFY = """\
empty = kubernetes.plan(cluster, manifests).is_empty
step.verify(Check.that("The cluster holds what was applied", empty, "by a dry run"))
step.finish()"""
PARAMETERS = 'target: str = "local"  # target\nrun: str = ""  # run folder'


def manifests(step: str, namespace: str) -> list[Manifest]:
    """What a step applies."""
    return [_config_map(f"{step.replace('_', '-')}-{letter}", step, namespace) for letter in "ab"]


def _config_map(name: str, step: str, namespace: str) -> Manifest:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "ollama-runbook"},
        },
        "data": {"step": step},
    }
    return Manifest("ConfigMap", name, namespace, body, "short_run.py")


def write_notebooks(folder: Path) -> None:
    """Write the notebooks."""
    folder.mkdir(parents=True)
    for before, name in zip(("", *STEPS), STEPS, strict=False):
        sources = (
            BEGIN.format(name=name, tests=str(Path(__file__).parent)),
            READ.format(before, before),
            APPLY,
            RESULT.format(name),
            VERIFY,
        )
        cells: list[Any] = [
            new_markdown_cell(f"# {name}"),
            new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            *map(new_code_cell, sources),
        ]
        for number, cell in enumerate(cells):
            cell["id"] = f"c{number}"
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": spec}), folder / f"{name}.ipynb")


def still_there(step: str, scene: Scene) -> Check:
    """Whether an apply of a step's objects would change nothing."""
    planned = plan(scene.live, manifests(step, scene.parameters.namespace))
    return Check.that("The cluster holds what was applied", planned.is_empty, "by a dry run")


class Silent:
    """Tells nobody."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


def serve(namespace: str) -> None:
    """Run once for each line of stdin, in a process of its own that has everything imported."""
    newborn.PRELOADED = PRELOADED
    facts.package_digest = lambda: {"name": "runbook", "digest": {"sha256": "0" * 64}}  # nobody edits it meanwhile
    for line in sys.stdin:
        root, how = line.split()
        process = os.fork()
        if not process:
            os._exit(in_its_own_process(Path(root), namespace, how))
        print(process, flush=True)  # noqa: T201 - the answer
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)  # noqa: T201 - the answer


def in_its_own_process(root: Path, namespace: str, how: str) -> int:
    """Run, and return the exit status, whatever happens."""
    try:
        return once(root, namespace, how)
    except BaseException:  # noqa: BLE001 - the copy must not go on where the original does
        traceback.print_exc()
        return 70


def once(root: Path, namespace: str, how: str) -> int:
    """Run, or go on with a run; where none came far enough to be gone on with, run."""
    parameters = load_target("local", {"namespace": namespace})
    holding = {step: lambda scene, step=step: still_there(step, scene) for step in STEPS}

    def run(*, resume: bool) -> Any:
        cluster: Cluster = connect(parameters)
        return rebuild(
            parameters,
            outputs=root / "outputs",
            notebooks=root / "notebooks",
            progress=Silent(),
            cluster=cluster,
            resume=resume,
            holding=holding,  # type: ignore[arg-type] # each lambda has its step as a default
        )

    try:
        result = run(resume=how == "resume")
    except UsageError as error:
        if "has no run to go on with" not in error.what:
            raise
        result = run(resume=False)
    told = {"verdict": result.verdict, "steps": [step.verdict.outcome for step in result.steps]}
    (root / "told.json").write_text(json.dumps(told))
    return 0 if result.succeeded else 1


if __name__ == "__main__":
    serve(sys.argv[1])
