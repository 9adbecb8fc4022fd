"""What an apply would change, asked of the server itself by a dry run: nothing is changed yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.diff import differences
from runbook.kubernetes.manifests import Manifest
from runbook.kubernetes.refused import dying, is_unknown_field, refused

# A namespace that exists everywhere: what is to live in one that does not yet is checked for its form here.
STAND_IN = "default"
MALFORMED = frozenset({400, 422})


@dataclass(frozen=True)
class Change:
    """What happens, or happened, to one object.

    Attributes:
        kind: Its kind.
        name: Its name.
        namespace: Its namespace, None where the kind has none.
        action: `create`, `update` or `unchanged`.
        diff: One line per field that changes.
        warnings: What the server warns about.
    """

    kind: str
    name: str
    namespace: str | None
    action: Literal["create", "update", "unchanged"]
    diff: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Plan:
    """What an apply would change, object by object."""

    changes: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether an apply would change nothing."""
        return all(change.action == "unchanged" for change in self.changes)


def plan(cluster: Cluster, manifests: Iterable[Manifest]) -> Plan:
    """What an apply of the manifests would change, as the server decides it.

    Where the namespace does not exist yet, its contents can only be checked for their form: quota and
    Pod Security speak when they are applied.

    Raises:
        ApplyRefused: The server would not accept an object; nothing was changed.
    """
    wanted = tuple(manifests)
    absent = {one.name for one in wanted if one.kind == "Namespace" and _is_absent(cluster, one.name)}
    return Plan(tuple(_planned(cluster, manifest, absent) for manifest in wanted))


def _is_absent(cluster: Cluster, namespace: str) -> bool:
    try:
        return cluster.get("Namespace", namespace) is None
    except Refusal:
        return False  # the plan of the namespace itself says what is refused


def _planned(cluster: Cluster, manifest: Manifest, absent: set[str]) -> Change:
    if manifest.namespace in absent:
        return _form_checked(cluster, manifest)
    try:
        live = cluster.get(manifest.kind, manifest.name, manifest.namespace)
        if live and (error := dying(manifest, live)):
            raise error
        reply = cluster.apply(manifest.body, dry_run=True)
    except Refusal as refusal:
        raise refused(manifest, refusal) from refusal
    return changed(manifest, live, reply.body, reply.warnings)


def _form_checked(cluster: Cluster, manifest: Manifest) -> Change:
    """The creation of an object whose namespace is still to be made, checked in one that exists."""
    body = {**manifest.body, "metadata": {**manifest.body["metadata"], "namespace": STAND_IN}}
    try:
        cluster.apply(body, dry_run=True)
    except Refusal as refusal:
        # Quotas, policies and objects of the same name there say nothing about the namespace to come.
        own_fault = refusal.code in MALFORMED and cluster.get(manifest.kind, manifest.name, STAND_IN) is None
        if own_fault or is_unknown_field(refusal):
            raise refused(manifest, refusal) from refusal
    return changed(manifest, None, manifest.body, ())


def changed(manifest: Manifest, before: Json | None, after: Json, warnings: tuple[str, ...]) -> Change:
    """The change from one state of an object to another; a new object shows what its manifest says."""
    diff = differences(before, after if before else manifest.body)
    action: Literal["create", "update", "unchanged"] = "create" if before is None else "update" if diff else "unchanged"
    return Change(manifest.kind, manifest.name, manifest.namespace, action, diff, warnings)
