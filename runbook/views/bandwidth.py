"""Bandwidth is the bottleneck: how fast a core reads what lies in its caches, and what is left from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runbook.views.cells import size
from runbook.views.pictures import BLUE, GREY, INK, RED, Picture, canvas

if TYPE_CHECKING:
    from runbook.hardware import Machine

MIB = 2**20


def bandwidth_curve(machine: Machine | None, model_bytes: int | None = None, model: str = "the model") -> Picture:
    """Reading speed of one core by the size of what it reads, and of all cores from memory; as measured on a node.

    Args:
        machine: The machine; one that was not measured gives an empty picture that says so.
        model_bytes: Bytes of a model's weights, which are marked; None marks nothing.
        model: What it is called.
    """
    measured = machine.bandwidth if machine else None
    if machine is None or measured is None or not measured.one_core:
        return _nothing()
    steps, together = measured.one_core, measured.read_gb_per_s
    cached, memory = max(one.gb_per_s for one in steps), steps[-1].gb_per_s
    text = (
        f"one core reads up to {cached:.0f} GB/s from its caches and {memory:.0f} GB/s from memory; "
        f"all {measured.threads} threads together read {together.median:g} GB/s from memory"
    )
    if model_bytes:
        text += f"; the weights of {model} are {size(model_bytes)}"
    with canvas(text, height_inch=2.8) as drawn:
        axes = drawn.axes
        sizes = [one.buffer_bytes / MIB for one in steps]
        axes.plot(sizes, [one.gb_per_s for one in steps], color=BLUE, marker="o", markersize=4, label="one core")
        label = f"all {measured.threads} threads, from memory"
        axes.axhline(together.median, color=INK, linewidth=1.4, linestyle="--", label=label)
        axes.axhspan(together.low, together.high, color=GREY, alpha=0.35, linewidth=0)
        _mark_caches(axes, machine)
        if model_bytes:
            axes.axvline(model_bytes / MIB, color=RED, linewidth=1.6, label=f"weights of {model}")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("size of what is read, MiB")
        axes.set_ylabel("GB/s")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8, borderaxespad=0.2)
        return drawn.picture()


def _mark_caches(axes: Any, machine: Machine) -> None:
    if machine.cache_bytes:
        end = machine.cache_bytes / MIB
        axes.axvline(end, color=GREY, linewidth=1.2, linestyle=":", label="last cache ends")


def _nothing() -> Picture:
    text = "no node was measured, so there is nothing to draw"
    with canvas(text, height_inch=0.6) as drawn:
        drawn.axes.set_axis_off()
        drawn.axes.text(0, 0.5, text, fontsize=9, color=INK, transform=drawn.axes.transAxes)
        return drawn.picture()
