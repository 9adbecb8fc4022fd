"""A refused apply in words: which object, which cause, and the remedy that loses no data."""

from __future__ import annotations

import re

from runbook.errors import ApplyRefused
from runbook.kubernetes.admission import ADMISSION
from runbook.kubernetes.api import Json, Refusal
from runbook.kubernetes.causes.controller import what_remains
from runbook.kubernetes.known import Diagnosis, recognise
from runbook.kubernetes.manifests import Manifest


def refused(manifest: Manifest, refusal: Refusal, before: tuple[str, ...] = ()) -> ApplyRefused:
    """The error for an object that was not accepted.

    Args:
        manifest: The object as it was to be.
        refusal: The server's answer.
        before: Objects of the same apply that had been accepted already, in words.
    """
    title = f"{manifest.kind} {manifest.name}"
    found = conflict(refusal, title) or recognise(
        ADMISSION, refusal.message, namespace=manifest.namespace or manifest.name, object=title
    )
    so_far = f" Applied before it: {', '.join(before)}." if before else " Nothing was changed."
    if found is None:
        return ApplyRefused(
            f"{title} ({manifest.source}) was not accepted: {refusal.code} {refusal.reason}.{so_far}",
            why=_compact(refusal.message) or str(refusal),
            next="Correct the field that is named; 91_troubleshoot, section Apply, lists what is known.",
        )
    return ApplyRefused(
        f"{title} ({manifest.source}) was not accepted. {found.cause}{so_far}",
        why=f"{refusal.code} {refusal.reason}".rstrip() + f": {_compact(found.evidence)}",
        next=f"{found.remedy} See 91_troubleshoot, section {found.section}.",
        cause=found.id,
    )


def dying(manifest: Manifest, live: Json) -> ApplyRefused | None:
    """The error for an object that is being deleted: an apply onto it is accepted and then lost."""
    meta = live["metadata"]
    if "deletionTimestamp" not in meta:
        return None
    holders = what_remains(live) or ", ".join(meta.get("finalizers") or ()) or "nothing; it will be gone in a moment"
    advice = "Wait until it is gone, then apply again."
    if manifest.kind == "PersistentVolumeClaim":
        advice += " It goes when no pod uses it; to keep the models, set its volume to Retain first: `kubectl patch pv "
        advice += (
            f'{live["spec"].get("volumeName", "NAME")} -p \'{{"spec":{{"persistentVolumeReclaimPolicy":"Retain"}}}}\'`.'
        )
    return ApplyRefused(
        f"{manifest.kind} {manifest.name} is being deleted since {meta['deletionTimestamp']}. Nothing was changed.",
        why=f"held by: {holders}",
        next=f"{advice} See 91_troubleshoot, section {'Namespace' if manifest.kind == 'Namespace' else 'Apply'}.",
        cause="D07" if manifest.kind == "Namespace" else "D02",
    )


def conflict(refusal: Refusal, title: str) -> Diagnosis | None:
    """The cause D01 where fields belong to other managers, with each field and its manager."""
    owned = owned_by_others(refusal)
    if not owned:
        return None
    fields = ", ".join(owned)
    remedy = (
        "Agree with whoever set them, or take these values into the target; nobody's field is overwritten, unless "
        "you say so with `runbook apply --force-conflicts`."
    )
    if any(field.startswith(".spec.selector") for field in owned):
        remedy = (
            "It was made by hand or by another tool, and its selector cannot be changed. Delete only the Deployment "
            "(the claims and their data stay), then apply again."
        )
    return Diagnosis(
        "D01",
        "Apply",
        f"Fields of {title} belong to somebody else, who set them to other values: {fields}.",
        refusal.message,
        remedy,
    )


def owned_by_others(refusal: Refusal) -> tuple[str, ...]:
    """The fields of a conflict, each with its manager; none where the refusal has another reason."""
    return tuple(
        f"{cause.get('field', '?')} ({_manager(cause.get('message', ''))})"
        for cause in refusal.causes
        if cause.get("reason") == "FieldManagerConflict"
    )


def is_unknown_field(refusal: Refusal) -> bool:
    """Whether the cause is D09: a field that the server does not know, which it refuses with status 500."""
    found = recognise(ADMISSION, refusal.message, namespace="", object="")
    return found is not None and found.id == "D09"


def _compact(message: str) -> str:
    """A message on one line; of a difference that the server printed, only the lines that differ."""
    lines = message.split("\n")
    if any(line.startswith("@@") for line in lines):
        lines = [line for line in lines if line[:1] not in (" ", "@")]
    return " ".join(line.strip() for line in lines if line.strip())


def _manager(message: str) -> str:
    """The manager's name in `conflict with "kubectl" using apps/v1`."""
    found = re.search(r'conflict with (".*)', message)
    return f"owned by {found[1]}" if found else "owner unknown"
