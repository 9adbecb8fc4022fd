"""Server-side apply, object by object in order, with our field manager."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.manifests import Manifest
from runbook.kubernetes.planning import Change, plan, sent
from runbook.kubernetes.quota import require_room
from runbook.kubernetes.refused import refused


def apply(
    cluster: Cluster,
    manifests: Iterable[Manifest],
    on_change: Callable[[Change], None] | None = None,
    *,
    force_conflicts: bool = False,
) -> tuple[Change, ...]:
    """Make the cluster hold what the manifests say; what they do not mention is left alone.

    Args:
        cluster: The cluster.
        manifests: The objects, in order.
        on_change: Called with each object's change as soon as the server has accepted it, so that a record
            knows how far an apply came that was refused or killed half-way.
        force_conflicts: Take fields that other managers own; each is named in the warnings.

    Raises:
        ApplyRefused: The server did not accept an object; those before it are applied, and are named.
    """
    wanted = tuple(manifests)
    # What the server would refuse is refused before anything is changed, as far as a dry run can know it.
    planned = plan(cluster, wanted, force_conflicts=force_conflicts)
    require_room(planned.quota)
    done: list[Change] = []
    for manifest in wanted:
        before = tuple(change.title for change in done if change.action != "unchanged")
        change = _applied(cluster, manifest, before, force_conflicts)
        done.append(change)
        if on_change:
            on_change(change)
    return tuple(done)


def _applied(cluster: Cluster, manifest: Manifest, before: tuple[str, ...], force: bool) -> Change:
    try:
        return sent(cluster, manifest, dry_run=False, force=force)
    except Refusal as refusal:
        raise refused(manifest, refusal, before) from refusal
