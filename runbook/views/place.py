"""A place in a cell's output whose content is replaced while something long works; the last content stays.

Kernels replace it by `update_display_data`, which JupyterLab and a headless run both follow: live, something moves;
kept, there is one output. Without a kernel nothing can be replaced, so each view is shown once, below the last.
"""

from __future__ import annotations

import time
from typing import Any

from runbook.views.view import View

REDRAW_S = 0.2


class Place:
    """Where views replace each other.

    Args:
        every_s: The shortest time between two views, in seconds; those that come faster are passed over.
    """

    def __init__(self, every_s: float = REDRAW_S) -> None:
        self._every_s = every_s
        self._handle: Any = None
        self._shown_at = -every_s

    @property
    def is_due(self) -> bool:
        """Whether enough time has passed for another view."""
        return time.monotonic() - self._shown_at >= self._every_s

    def show(self, view: View) -> None:
        """Put a view into the place."""
        from IPython.display import display

        self._shown_at = time.monotonic()
        if self._handle is None:
            self._handle = display(view, display_id=True)  # type: ignore[no-untyped-call] # IPython types some of it
        elif _has_kernel():
            self._handle.update(view)
        else:
            display(view)  # type: ignore[no-untyped-call]


def _has_kernel() -> bool:
    from IPython.core.getipython import get_ipython

    return hasattr(get_ipython(), "kernel")
