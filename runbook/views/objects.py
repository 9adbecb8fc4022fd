"""Objects of the API in one line each: what they are, how they are, and what the server says of them.

It reads the plain dicts that the API speaks, of any kind, so that one table serves pods, claims, quotas and nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runbook.views.tables import Table, table

Json = Mapping[str, Any]

# Conditions that are bad when they are true; every other one is bad when it is not.
BAD_WHEN_TRUE = frozenset(
    {"ReplicaFailure", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "DisruptionTarget"}
)
NEWEST = 12


def objects(found: Iterable[Json | None], caption: str = "") -> Table:
    """One row per object: kind, name, state, and what is not as it should be; None is an object that is not there."""
    rows = [
        {
            "kind": one.get("kind", ""),
            "name": _name(one),
            "state": _state_words(one),
            "what is wrong": "; ".join(_complaints(one)) or "nothing",
        }
        for one in found
        if one is not None
    ]
    return table(rows, caption=caption)


def events(found: Iterable[Json], caption: str = "", newest: int = NEWEST) -> Table:
    """The newest events, the last one first: they explain a state, and live for an hour."""
    ordered = sorted(found, key=_time, reverse=True)
    rows = [
        {
            "at": _time(one).partition("T")[2],
            "type": one.get("type", ""),
            "object": _about(one),
            "reason": one.get("reason", ""),
            "message": one.get("message", ""),
        }
        for one in ordered[:newest]
    ]
    return table(rows, caption=caption)


def _name(one: Json) -> str:
    metadata = one.get("metadata") or {}
    namespace, name = metadata.get("namespace"), str(metadata.get("name", ""))
    return f"{namespace}/{name}" if namespace else name


def _state_words(one: Json) -> str:
    """The state on one line, or a line for each resource of a quota."""
    return (",\n" if (one.get("status") or {}).get("hard") else ", ").join(_state(one))


def _state(one: Json) -> Iterator[str]:
    """The phase, the counts and the amounts an object has."""
    spec, status = one.get("spec") or {}, one.get("status") or {}
    if "deletionTimestamp" in (one.get("metadata") or {}):
        yield "being deleted"
    if "phase" in status:
        yield str(status["phase"])
    ready = [one for one in status.get("conditions") or () if one.get("type") == "Ready"]
    if ready and "phase" not in status:
        yield "Ready" if ready[0].get("status") == "True" else "not Ready"
    if "replicas" in spec:
        yield f"{status.get('availableReplicas', 0)} of {spec['replicas']} available"
    for resource, hard in (status.get("hard") or {}).items():
        yield f"{resource} {(status.get('used') or {}).get(resource, '0')} of {hard}"
    if "endpoints" in one:
        ready = [end for end in one["endpoints"] or () if (end.get("conditions") or {}).get("ready")]
        yield f"{len(ready)} ready endpoint{'' if len(ready) == 1 else 's'}"
    restarts = [container.get("restartCount", 0) for container in status.get("containerStatuses") or ()]
    if restarts:
        yield f"{sum(restarts)} restarts"


def _complaints(one: Json) -> Iterator[str]:
    """Conditions that are not as they should be, and containers that wait or ended."""
    status = one.get("status") or {}
    for condition in status.get("conditions") or ():
        kind, is_true = condition.get("type", ""), condition.get("status") == "True"
        finished = condition.get("reason") == "PodCompleted"
        if is_true == (kind in BAD_WHEN_TRUE) and not finished:
            yield _sentence(kind, condition)
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        for state in ("state", "lastState"):
            for phase in ("waiting", "terminated"):
                if reason := ((container.get(state) or {}).get(phase) or {}).get("reason"):
                    yield f"{container.get('name')} {'was' if state == 'lastState' else 'is'} {phase}: {reason}"


def _sentence(kind: str, condition: Json) -> str:
    words = ": ".join(filter(None, (condition.get("reason"), condition.get("message"))))
    return f"{kind} is {condition.get('status')}" + (f" ({words})" if words else "")


def _time(one: Json) -> str:
    """When an event was last seen: old and new events keep that in different fields."""
    series = (one.get("series") or {}).get("lastObservedTime")
    created = (one.get("metadata") or {}).get("creationTimestamp")
    told = (series, one.get("lastTimestamp"), one.get("eventTime"), one.get("firstTimestamp"), created)
    return re.sub(r"\.\d+", "", next((str(time) for time in told if time), ""))


def _about(one: Json) -> str:
    involved = one.get("involvedObject") or {}
    return f"{involved.get('kind', '')} {involved.get('name', '')}".strip()
