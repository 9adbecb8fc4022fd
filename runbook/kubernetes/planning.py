"""What an apply would change, asked of the server itself by a dry run: nothing is changed yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.cluster import FIELD_MANAGER, Cluster
from runbook.kubernetes.diff import differences, digest
from runbook.kubernetes.manifests import Manifest
from runbook.kubernetes.origin import with_origin
from runbook.kubernetes.preflight import adoption, kept_by_helm, require_one_writer
from runbook.kubernetes.quota import QuotaRoom, quota_room
from runbook.kubernetes.refused import dying, is_unknown_field, owned_by_others, refused

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
        warnings: What the server warns about, what is adopted, and which fields are taken from whom.
        before_digest: SHA-256 of the object as it was, without what the server maintains; empty where it was not.
        after_digest: The same of what it is then; empty where it is only planned in a namespace to come.
        field_manager: In whose name it is applied.
    """

    kind: str
    name: str
    namespace: str | None
    action: Literal["create", "update", "unchanged"]
    diff: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    before_digest: str = ""
    after_digest: str = ""
    field_manager: str = FIELD_MANAGER

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Plan:
    """What an apply would change, object by object, and what the namespace's quotas say to it."""

    changes: tuple[Change, ...]
    quota: tuple[QuotaRoom, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether an apply would change nothing."""
        return all(change.action == "unchanged" for change in self.changes)


def plan(cluster: Cluster, manifests: Iterable[Manifest], *, force_conflicts: bool = False) -> Plan:
    """What an apply of the manifests would change, as the server decides it.

    Where the namespace does not exist yet, its contents can only be checked for their form: Pod Security speaks
    when they are applied.

    Args:
        cluster: The cluster.
        manifests: The objects, in order.
        force_conflicts: Plan to take fields that other managers own; each is named in the warnings.

    Raises:
        ApplyRefused: The server would not accept an object; nothing was changed.
    """
    wanted = tuple(manifests)
    require_one_writer(wanted)
    absent = {one.name for one in wanted if one.kind == "Namespace" and _is_absent(cluster, one.name)}
    changes = tuple(_planned(cluster, manifest, absent, force_conflicts) for manifest in wanted)
    spaces = dict.fromkeys(one.namespace for one in wanted if one.namespace)
    return Plan(changes, tuple(room for space in spaces for room in quota_room(cluster, wanted, space)))


def _is_absent(cluster: Cluster, namespace: str) -> bool:
    try:
        return cluster.get("Namespace", namespace) is None
    except Refusal:
        return False  # the plan of the namespace itself says what is refused


def _planned(cluster: Cluster, manifest: Manifest, absent: set[str], force: bool) -> Change:
    if manifest.namespace in absent:
        return _form_checked(cluster, manifest)
    try:
        return sent(cluster, manifest, dry_run=True, force=force)
    except Refusal as refusal:
        raise refused(manifest, refusal) from refusal


def sent(cluster: Cluster, manifest: Manifest, *, dry_run: bool, force: bool) -> Change:
    """What sending one object changes, or would change.

    Raises:
        ApplyRefused: It is being deleted, or another tool keeps it.
        Refusal: The server does not accept it.
    """
    live = cluster.get(manifest.kind, manifest.name, manifest.namespace)
    if live and (error := dying(manifest, live) or (None if force else kept_by_helm(manifest, live))):
        raise error
    body = with_origin(manifest.body, live)
    taken: tuple[str, ...] = ()
    try:
        reply = cluster.apply(body, dry_run=dry_run)
    except Refusal as refusal:
        taken = tuple(f"takes {field}" for field in owned_by_others(refusal))
        if not (force and taken):
            raise
        reply = cluster.apply(body, dry_run=dry_run, force=True)
    said = (*taken, *filter(None, [adoption(live)]), *reply.warnings)
    return changed(manifest, live, reply.body, said)


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
    found = Change(manifest.kind, manifest.name, manifest.namespace, action, diff, warnings)
    return replace(found, before_digest=digest(before) if before else "", after_digest=digest(after))
