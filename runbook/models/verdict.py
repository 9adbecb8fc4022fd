"""Whether a model fits, and whether Ollama will agree: two questions with two answers.

The kernel gives page cache back when memory is asked for, so what really has to fit is the resident memory. Ollama
0.15.6 counts page cache as used and refuses a model that the kernel would take (ollama#15474, #15704, #11497); it
adds the host's free swap, which a pod may not be allowed to use, and under cgroup v1 it does not see the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from runbook.errors import UsageError
from runbook.hardware import MemoryState
from runbook.models.estimate import Estimate

Answer = Literal["fits", "fits, but Ollama will refuse", "does not fit"]
MIB: Final = 1 << 20
SMALLER: Final = "a smaller context, a quantised cache, a smaller model, or a higher limit"


@dataclass(frozen=True)
class Verdict:
    """Whether a model fits.

    Attributes:
        verdict: The answer.
        reason: The arithmetic behind it.
        remedy: What helps; empty where nothing has to.
        needed_bytes: What the model needs.
        free_bytes: What is really free for it, page cache given back.
        seen_by_ollama_bytes: What Ollama thinks is free, without swap.
    """

    verdict: Answer
    reason: str
    remedy: str
    needed_bytes: int
    free_bytes: int
    seen_by_ollama_bytes: int


def fits(estimate: Estimate, *, limit_bytes: int, page_cache_bytes: int = 0, used_bytes: int = 0) -> Verdict:
    """Whether a model fits below a limit.

    Args:
        estimate: What the model takes.
        limit_bytes: The pod's memory limit, or what is free on the node.
        page_cache_bytes: Page cache that counts against the limit and can be given back.
        used_bytes: What else is used below the limit, page cache not included.
    """
    free = limit_bytes - used_bytes
    return _verdict(estimate.resident_bytes, estimate.reported_bytes, free, free - page_cache_bytes, 0, "")


def judge_load(state: MemoryState, *, needed_bytes: int, checked_bytes: int | None = None) -> Verdict:
    """Whether a first model fits into a pod whose memory was read.

    Args:
        state: The pod's memory.
        needed_bytes: What the model needs.
        checked_bytes: What Ollama compares with what it thinks is free; the same where it is not given.

    Raises:
        UsageError: The state says neither a limit nor what is used.
    """
    free, seen = _known(state)
    blind = " (cgroup v1: Ollama does not see the limit)" if state.version == 1 else ""
    return _verdict(needed_bytes, checked_bytes or needed_bytes, free, seen, state.swap_free_bytes or 0, blind)


@dataclass(frozen=True)
class Admission:
    """What happens when a further model is asked for.

    Attributes:
        outcome: `both stay`, or `evicts`: an idle model is unloaded first, and only then the memory is looked at again.
        fit_together: Whether both fit in real memory.
        together_bytes: What is used and what the further model needs.
        seen_by_ollama_bytes: What Ollama thinks is free.
        reason: The arithmetic behind it.
        remedy: What helps; empty where nothing has to.
    """

    outcome: Literal["both stay", "evicts"]
    fit_together: bool
    together_bytes: int
    seen_by_ollama_bytes: int
    reason: str
    remedy: str


def admit(state: MemoryState, *, needed_bytes: int, loaded: int, most_loaded: int) -> Admission:
    """What happens when a further model is asked for while others are loaded (`server/sched.go` at 0.15.6).

    Args:
        state: The pod's memory with the others loaded.
        needed_bytes: What the further model needs.
        loaded: Models that are loaded.
        most_loaded: OLLAMA_MAX_LOADED_MODELS; unset it is 3 on a node without a GPU.

    Raises:
        UsageError: The state says neither a limit nor what is used.
    """
    free, seen = _known(state)
    processes = state.anon_bytes if state.anon_bytes is not None else (state.capacity_bytes or 0) - free
    together = processes + needed_bytes
    fit = together <= (state.capacity_bytes or 0)
    if loaded >= most_loaded:
        reason = f"OLLAMA_MAX_LOADED_MODELS is {most_loaded}: each change of model pays a whole load"
        remedy = f"OLLAMA_MAX_LOADED_MODELS={loaded + 1}" if fit else ""
        return Admission("evicts", fit, together, seen, reason, remedy)
    # With a model loaded the check leaves swap out.
    if needed_bytes <= seen:
        return Admission("both stay", fit, together, seen, f"{_mib(needed_bytes)} of {_mib(seen)} that Ollama sees", "")
    if fit:
        return Admission(
            "evicts",
            True,
            together,
            seen,
            f"both fit ({_mib(together)} of {_mib(state.capacity_bytes or 0)}), but page cache counts as used: Ollama "
            f"sees {_mib(seen)}, so the models will alternate, each time with a whole load",
            "free the page cache before loading (restart the pod, or write to memory.reclaim), or a higher limit",
        )
    return Admission(
        "evicts", False, together, seen, f"both need {_mib(together)} of {_mib(state.capacity_bytes or 0)}", SMALLER
    )


def _known(state: MemoryState) -> tuple[int, int]:
    free = state.free_bytes
    if free is None and state.capacity_bytes is not None and state.anon_bytes is not None:
        free = state.capacity_bytes - state.anon_bytes
    if free is None:
        raise UsageError(
            "the memory of the pod is not known",
            why="its control group says neither a limit nor what is used",
            next="read it again, or give a limit: fits(..., limit_bytes=...)",
        )
    seen = state.seen_by_ollama_bytes
    return free, free if seen is None else seen


def _verdict(needed: int, checked: int, free: int, seen: int, swap: int, blind: str) -> Verdict:
    if needed > free:
        loads = checked <= seen + swap
        trap = (
            f"; Ollama would load it all the same, counting {_mib(swap)} of the host's swap" if loads and swap else ""
        )
        reason = f"{_mib(needed)} are needed and {_mib(free)} can be had{blind}{trap}"
        return Verdict("does not fit", reason, SMALLER, needed, free, seen)
    if checked > seen + swap:
        cache = free - seen
        return Verdict(
            "fits, but Ollama will refuse",
            f"{_mib(needed)} are needed and {_mib(free)} can be had, but {_mib(cache)} of that is page cache, "
            f"which Ollama counts as used: it sees {_mib(seen)}",
            f"free the page cache (restart the pod, or write to memory.reclaim) or raise the limit by {_mib(cache)}; "
            "the node needs no more memory",
            needed,
            free,
            seen,
        )
    return Verdict("fits", f"{_mib(needed)} are needed and {_mib(free)} can be had{blind}", "", needed, free, seen)


def _mib(count: int) -> str:
    return f"{count / MIB:.0f} MiB"
