"""Every error a person can meet, each saying what happened, why, and what to do next.

```
RunbookError                     exit 1   the world is not as it should be: expected, explained
├── UsageError                   exit 2   what was asked for cannot be done; nothing was touched
│   ├── ParameterError                    a target or a parameter is wrong
│   └── ContextError                      the kubeconfig has no such context
├── ClusterError                 exit 1   the cluster answered, and the answer is no
│   ├── ClusterUnreachable       exit 3   nobody answered
│   ├── ApplyRefused                      an object was not accepted
│   └── RolloutFailed                     the workload did not become ready
├── OllamaError                  exit 1   the Ollama server failed or refused
│   ├── OllamaUnreachable                 nobody answered
│   ├── PullFailed                        a model did not arrive
│   └── AnswerFailed                      a request ended without a whole answer
├── ModelFileError               exit 1   a GGUF file cannot be read
├── CheckFailed                  exit 1   at least one check did not pass
├── StepFailed                   exit 1   a notebook did not run to its end
├── RecordError                  exit 1   a run folder is damaged or is not one
└── LocalError                   exit 1   the local cluster cannot be built or started
    └── BuildFailed                       a part did not build
```

Anything else that escapes is our own bug: exit 70, with its trace.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The exit statuses of the `runbook` command."""

    GOOD = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    BUG = 70
    INTERRUPTED = 130


class RunbookError(Exception):
    """What happened, why (the evidence), and what to do next.

    Args:
        what: One sentence: what did not work.
        why: The evidence: an event, a log line, a status. Empty where there is none beyond `what`.
        next: A command to run or a notebook to open. Empty where nothing helps.
    """

    exit_status: ClassVar[Exit] = Exit.FAILED

    def __init__(self, what: str, *, why: str = "", next: str = "") -> None:  # noqa: A002
        super().__init__(what, why, next)
        self.what = what
        self.why = why
        self.next = next

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"Why: {self.why}")
        if self.next:
            lines.append(f"Next: {self.next}")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message alone, since the world is wrong and not our code."""
        return str(self).splitlines()

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.why, self.next)


def _rebuild(kind: type[RunbookError], what: str, why: str, following: str) -> RunbookError:
    """An error again after pickling: its arguments are keyword-only, which pickle does not know."""
    return kind(what, why=why, next=following)


class UsageError(RunbookError):
    """What was asked for cannot be done as asked; nothing was touched."""

    exit_status = Exit.USAGE


class ParameterError(UsageError):
    """A target file or a parameter is wrong."""


class ContextError(UsageError):
    """The kubeconfig has no such context, or the context leads to another cluster than the target names."""


class ClusterError(RunbookError):
    """The cluster answered, and the answer is no.

    Args:
        what: See `RunbookError`.
        why: See `RunbookError`.
        next: See `RunbookError`.
        cause: Identifier of the known cause, such as `D10`; empty where it is none.
    """

    def __init__(self, what: str, *, why: str = "", next: str = "", cause: str = "") -> None:  # noqa: A002
        super().__init__(what, why=why, next=next)
        self.cause = cause

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_known, (type(self), self.what, self.why, self.next, self.cause)


def _rebuild_known(kind: type[ClusterError], what: str, why: str, following: str, cause: str) -> ClusterError:
    return kind(what, why=why, next=following, cause=cause)


class ClusterUnreachable(ClusterError):
    """Nobody answered at the cluster's address."""

    exit_status = Exit.UNREACHABLE


class ApplyRefused(ClusterError):
    """The API server did not accept an object."""


class RolloutFailed(ClusterError):
    """The workload did not become ready in time."""


class OllamaError(RunbookError):
    """The Ollama server failed or refused."""


class OllamaUnreachable(OllamaError):
    """Nobody answered at the Ollama server's address."""


class PullFailed(OllamaError):
    """A model did not arrive whole."""


class AnswerFailed(OllamaError):
    """A request ended without a whole answer."""


class ModelFileError(RunbookError):
    """A GGUF file cannot be read: what it is instead is said."""


class CheckFailed(RunbookError):
    """At least one check of a step did not pass."""


class StepFailed(RunbookError):
    """A notebook did not run to its end."""


class RecordError(RunbookError):
    """A run folder is damaged, or is not one."""


class LocalError(RunbookError):
    """The local cluster cannot be built, started or stopped."""


class BuildFailed(LocalError):
    """A part of the local cluster did not build."""
