"""Whether a node meets a selector: labels, affinity terms and taints, by the scheduler's own rules.

Terms are alternatives, the expressions of one term hold together, and a term without any matches nothing. Source:
Kubernetes, `component-helpers/scheduling/corev1/nodeaffinity` and the page on taints and tolerations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
REPELLING = ("NoSchedule", "NoExecute")


def meets(terms: Sequence[Json], labels: Mapping[str, str], name: str) -> bool:
    """Whether a node meets one of the terms of a required affinity."""
    return any(_meets_term(term, labels, name) for term in terms)


def _meets_term(term: Json, labels: Mapping[str, str], name: str) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return all(_holds(one, labels) for one in expressions) and all(
        _holds(one, {"metadata.name": name}) for one in fields
    )


def _holds(expression: Json, labels: Mapping[str, str]) -> bool:
    value, wanted = labels.get(expression["key"]), expression.get("values") or ()
    operator = expression.get("operator")
    if operator == "In":
        return value is not None and value in wanted
    if operator == "NotIn":
        return value not in wanted
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    return _compares(operator, value, wanted)


def _compares(operator: object, value: str | None, wanted: Sequence[str]) -> bool:
    try:
        one, other = int(value or ""), int(wanted[0])
    except (ValueError, IndexError):
        return False
    return one > other if operator == "Gt" else operator == "Lt" and one < other


def terms_in_words(terms: Iterable[Json]) -> str:
    """Affinity terms as a person would write them."""
    return " or ".join(" and ".join(_words(term)) for term in terms)


def _words(term: Json) -> Iterator[str]:
    for one in (*(term.get("matchExpressions") or ()), *(term.get("matchFields") or ())):
        values = ", ".join(map(str, one.get("values") or ()))
        yield f"{one.get('key')} {one.get('operator')} {values}".rstrip()


def repels(taint: str) -> bool:
    """Whether a taint, written `key=value:Effect`, keeps pods away; `PreferNoSchedule` only makes a node worse."""
    return taint.rpartition(":")[2] in REPELLING


def untolerated(taints: Iterable[str], tolerations: Sequence[Json]) -> tuple[str, ...]:
    """The taints, written `key=value:Effect`, that keep a pod with these tolerations away."""
    return tuple(taint for taint in taints if repels(taint) and not any(_tolerates(one, taint) for one in tolerations))


def _tolerates(toleration: Json, taint: str) -> bool:
    named, _, effect = taint.rpartition(":")
    key, _, value = named.partition("=")
    if toleration.get("effect") not in (None, "", effect):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != key:
        return False
    return toleration.get("operator") == "Exists" or (toleration.get("value") or "") == value
