"""Pictures: drawn by matplotlib in one calm style, kept as SVG, with a description for those who do not see them.

matplotlib is imported when the first picture is drawn: it is the heaviest import of a notebook.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from runbook.views.view import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Paul Tol's "bright" scheme: told apart by every kind of colour vision and in print.
BLUE, CYAN, GREEN, YELLOW, RED, PURPLE, GREY = (
    "#4477AA",
    "#66CCEE",
    "#228833",
    "#CCBB44",
    "#EE6677",
    "#AA3377",
    "#BBBBBB",
)
INK, FAINT = "#333333", "#DDDDDD"

# Any, because the stubs spell the keys out, and they are not imported here.
STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # Text stays text: it can be searched, and a screen reader reads it.
    "svg.fonttype": "none",
    # The same figures give the same file.
    "svg.hashsalt": "runbook",
}


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing and what it says.

    Attributes:
        svg: The drawing.
        text: The same in words and figures.
    """

    svg: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:  # noqa: ARG002
        return {"image/svg+xml": self.svg, "text/plain": self.text}


class Canvas:
    """A picture being drawn.

    Attributes:
        axes: Where to draw.
    """

    def __init__(self, axes: Axes, figure: Any, text: str) -> None:
        self.axes = axes
        self._figure = figure
        self._text = printable(text)

    def picture(self) -> Picture:
        """What was drawn."""
        written = io.StringIO()
        self._figure.savefig(written, format="svg", bbox_inches="tight", pad_inches=0.08, metadata={"Date": None})
        return Picture(_described(written.getvalue(), self._text), self._text)


@contextmanager
def canvas(text: str, *, width_inch: float = 7.0, height_inch: float = 2.2) -> Iterator[Canvas]:
    """A place to draw in the common style.

    Args:
        text: What the picture says, for a terminal and a screen reader.
        width_inch: Width in inches.
        height_inch: Height in inches.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width_inch, height_inch))
        yield Canvas(figure.add_subplot(), figure, text)


def _described(svg: str, text: str) -> str:
    """The drawing without the head of a file, and with a description a screen reader finds."""
    drawing = svg[svg.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, count=1, flags=re.DOTALL)
    label = escape(text.replace("\n", "; "))
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
