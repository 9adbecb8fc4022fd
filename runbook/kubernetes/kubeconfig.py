"""The kubeconfig: which files it is made of, which contexts they name, and the credentials of one context.

The context is always named; the files' current context is never read.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from runbook.errors import ContextError
from runbook.parameters import Parameters
from runbook.targets import PROJECT


def kubeconfig_files(parameters: Parameters) -> tuple[Path, ...]:
    """The files a target's kubeconfig is made of: its own, else those in KUBECONFIG, else ~/.kube/config."""
    if parameters.kubeconfig:
        return (PROJECT / Path(parameters.kubeconfig).expanduser(),)
    named = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return tuple(named) or (Path.home() / ".kube" / "config",)


def find_context(parameters: Parameters) -> tuple[Path, ...]:
    """The kubeconfig files that exist, of which one has the target's context.

    Raises:
        ContextError: No file exists, one cannot be read, or none has the context; the nearest names are said.
    """
    files = kubeconfig_files(parameters)
    present = tuple(file for file in files if file.is_file())
    if not present:
        raise ContextError(
            f"Target {parameters.target} needs the context {parameters.context}, but there is no kubeconfig.",
            why="no such file: " + ", ".join(map(str, files)),
            next=_mend(parameters),
        )
    names = [name for file in present for name in _contexts(file)]
    if parameters.context not in names:
        raise ContextError(
            f"There is no context {parameters.context} in {', '.join(map(str, present))}.",
            why=_nearest(parameters.context, names),
            next=_mend(parameters),
        )
    return present


def load(files: tuple[Path, ...], context: str) -> Any:
    """Settings of the `kubernetes` package for one context, without the proxies of the environment.

    Raises:
        ContextError: The files do not hold what the context needs, or its login program failed.
    """
    from kubernetes.client.configuration import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import load_kube_config

    settings = Configuration()
    # A proxy of the environment is for the internet and would take calls to a cluster at home with it; one that
    # the kubeconfig names (proxy-url) is meant, and is set by the loading below.
    settings.proxy = None
    settings.no_proxy = None
    with _logged_errors() as errors:
        try:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=os.pathsep.join(map(str, files)),
                context=context,
                client_configuration=settings,
                persist_config=False,
            )
        except (ConfigException, OSError, ValueError, TypeError, KeyError) as error:
            raise _unusable(files, context, str(error)) from error
    if errors:
        raise _unusable(files, context, "; ".join(errors))
    return settings


def _unusable(files: tuple[Path, ...], context: str, why: str) -> ContextError:
    return ContextError(
        f"The context {context} in {', '.join(map(str, files))} cannot be used.",
        why=why,
        next=f"See what it needs with `kubectl --context {context} get --raw /version`: a login program that is "
        "not installed, a login that has expired, or a file of certificates that is missing.",
    )


def _contexts(file: Path) -> list[str]:
    try:
        content = YAML(typ="safe", pure=True).load(file)
    except (OSError, YAMLError, UnicodeDecodeError) as error:
        raise ContextError(f"The kubeconfig {file} cannot be read.", why=str(error)) from error
    entries = content.get("contexts") if isinstance(content, dict) else None
    return [entry["name"] for entry in entries or () if isinstance(entry, dict) and "name" in entry]


def _nearest(wanted: str, names: list[str]) -> str:
    if not names:
        return "it names no context at all"
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    return f"the nearest are: {', '.join(near)}" if near else f"it has: {', '.join(sorted(names))}"


def _mend(parameters: Parameters) -> str:
    if parameters.target == "local":
        return "Start the local cluster with `runbook local up`."
    return f"Set `context` and `kubeconfig` in targets/{parameters.target}.yaml; `kubectl config get-contexts` lists."


@contextmanager
def _logged_errors() -> Iterator[list[str]]:
    """Collect what is logged as an error: the package logs a failed login program instead of raising."""
    messages: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == "kube_config":
                messages.append(record.getMessage())

    collector = Collector(level=logging.ERROR)
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield messages
    finally:
        root.removeHandler(collector)
