"""How a notebook is executed: nbclient over a kernel from `Kernels`, telling a watcher of each cell.

It differs from papermill's own in what it leaves to others: the kernel is taken from a stock and ended at once,
the truth about a cell is read from the kernel's answer, and the notebook is not written here.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import papermill_engines

from runbook.errors import StepFailed
from runbook.rebuild.kernels import Kernel, KernelNotStarted, Kernels, Wanted
from runbook.rebuild.papermill_engine import RunbookEngine
from runbook.record.verdict import REPLY_STATUS, is_skipped, numbered

ENGINE = "runbook"
SHOWS = frozenset({"display_data", "update_display_data"})


class Fault(StepFailed):
    """What ended a notebook from outside of its code: a dead kernel, a timeout, a kernel that did not start."""


class Watcher(Protocol):
    """Who is told of the cells of a notebook."""

    def cell_started(self, number: int, cell: NotebookNode) -> None:
        """A cell is about to be sent to the kernel."""

    def cell_finished(self, number: int, cell: NotebookNode, seconds: float) -> None:
        """A cell was answered, or will not be; or it was passed over, in 0 seconds."""

    def printed(self, text: str) -> None:
        """A cell printed this."""


@dataclass(frozen=True)
class Work:
    """One notebook to execute.

    Attributes:
        step: Name of the step.
        timeout_s: Longest time a cell may run, in seconds; infinite for no limit.
        following: The steps whose kernels may be started meanwhile; none while a step measures.
    """

    step: str
    timeout_s: float
    following: Sequence[Wanted] = ()


def execute(
    notebook: NotebookNode,
    kernel_name: str,
    *,
    runner: asyncio.Runner,
    kernels: Kernels,
    watcher: Watcher,
    work: Work,
) -> None:
    """Execute a notebook in a kernel of `kernels`, on an event loop that outlives it, until its end or first error.

    Raises:
        Fault: Something other than the code ended it.
    """
    runner.run(_execute(notebook, kernel_name, kernels, watcher, work))


class WatchedClient(NotebookClient):
    """nbclient, telling a watcher what is printed, and keeping the status of each answer in the cell."""

    def __init__(self, notebook: NotebookNode, kernel: Kernel, watcher: Watcher, timeout_s: float) -> None:
        super().__init__(
            notebook,
            km=kernel.manager,
            timeout=math.ceil(timeout_s) if math.isfinite(timeout_s) else None,
            coalesce_streams=True,
            on_cell_executed=_keep_status,
            raise_on_iopub_timeout=False,
            log=kernel.client.log,
        )
        self.kc = kernel.client
        self.watcher = watcher

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Take a message of the kernel."""
        output = super().process_message(msg, cell, cell_index)
        if text := _said(msg):
            self.watcher.printed(text)
        return output


def _said(message: dict[str, Any]) -> str:
    """What a message of the kernel says as text: printed, or shown beside its picture or table."""
    content = message["content"]
    if message["msg_type"] == "stream":
        return str(content["text"])
    if message["msg_type"] in SHOWS:
        return str(content["data"].get("text/plain", ""))
    return ""


async def _execute(notebook: NotebookNode, kernel_name: str, kernels: Kernels, watcher: Watcher, work: Work) -> None:
    try:
        kernel = await kernels.take(work.step, kernel_name)
    except KernelNotStarted as error:
        raise Fault(f"{error.what} ({error.why})", next=error.next) from error
    try:
        kernels.prepare(work.following)
        if not work.following:
            await kernels.settle()
        client = WatchedClient(notebook, kernel, watcher, work.timeout_s)
        notebook.metadata["language_info"] = await _language(kernel)
        for number, cell in numbered(notebook):
            if is_skipped(cell):
                watcher.cell_finished(number, cell, 0.0)
            elif not await _execute_cell(client, kernel, number, cell, work):
                break
        client.set_widgets_metadata()
    finally:
        await kernel.end()


async def _execute_cell(client: WatchedClient, kernel: Kernel, number: int, cell: NotebookNode, work: Work) -> bool:
    """Execute one cell; whether the next may follow."""
    client.watcher.cell_started(number, cell)
    begun = time.monotonic()
    try:
        await client.async_execute_cell(cell, client.nb.cells.index(cell))
    except CellExecutionError:
        return False
    except CellTimeoutError as error:
        remedy = "Raise `step_timeout_s`, or look why it takes so long."
        raise Fault(f"timeout {work.timeout_s:g} s", next=remedy) from error
    except DeadKernelError as error:
        if _is_cancelled():  # nbclient takes every cancellation for a dead kernel
            raise asyncio.CancelledError from error
        raise Fault(await kernel.how_it_died(), why=_last_words(kernel)) from error
    finally:
        client.watcher.cell_finished(number, cell, time.monotonic() - begun)
    return True


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _language(kernel: Kernel) -> Any:
    """What the kernel says of its language, as a notebook keeps it."""
    answer = await kernel.client.kernel_info(reply=True, timeout=10)
    return answer["content"]["language_info"]


def _keep_status(cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:  # noqa: ARG001
    cell.metadata.setdefault("execution", {})[REPLY_STATUS] = execute_reply["content"]["status"]


def _last_words(kernel: Kernel) -> str:
    """The last line a kernel wrote beside its channels, where it wrote one of its own."""
    lines = [line for line in kernel.log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines and "--existing" not in lines[-1] else ""


papermill_engines.register(ENGINE, RunbookEngine)
