"""The engine `runbook` of papermill: in a rebuild, and for a plain `papermill --engine runbook`, which journals too.

papermill loads this module when it is imported, through the entry point `papermill.engine`; so it imports nothing
of the rebuild before a notebook is executed.
"""

from __future__ import annotations

from typing import Any

from papermill.engines import Engine


class RunbookEngine(Engine):  # type: ignore[misc] # papermill ships no types
    """Executes a notebook in a kernel over IPC sockets, and journals its cells."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """Execute the notebook until its end or its first error, which is left in the cell.

        Raises:
            Fault: Something other than the code ended it.
            RecordError: The journal cannot be written.
        """
        if "work" in options:
            from runbook.rebuild.engine import execute

            wanted = {name: options[name] for name in ("runner", "kernels", "watcher", "work")}
            execute(nb_man.nb, kernel_name, **wanted)
        else:
            from runbook.rebuild.plain import execute_plain

            execute_plain(nb_man, kernel_name, **options)
