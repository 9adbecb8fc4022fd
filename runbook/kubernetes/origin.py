"""Where an object came from: made by an apply of ours, or there before and adopted by it.

The answer is written into the object when it is first applied, as an annotation, and kept from then on; a
rollback removes only what was made here.
"""

from __future__ import annotations

from typing import Literal

from runbook.kubernetes.api import Json
from runbook.kubernetes.cluster import FIELD_MANAGER, MANAGED_BY

ORIGIN = "ollama-runbook/origin"
Origin = Literal["created", "adopted"]


def origin_of(live: Json | None) -> Origin:
    """Whether an object is ours from its beginning; what does not exist yet will be.

    Without the annotation (an older version, or kubectl, applied the manifest) the label decides, since no other
    manifest has it. A namespace takes everything in it along, so there nobody else may have written to it.
    """
    if live is None:
        return "created"
    written = (live["metadata"].get("annotations") or {}).get(ORIGIN)
    if written:
        return "created" if written == "created" else "adopted"
    ours = MANAGED_BY.items() <= (live["metadata"].get("labels") or {}).items()
    if live.get("kind") == "Namespace":
        ours = ours and _only_we_wrote(live)
    return "created" if ours else "adopted"


def with_origin(body: Json, live: Json | None) -> Json:
    """The object as it is sent: as its manifest says, and where it came from."""
    metadata = body["metadata"]
    annotations = {**(metadata.get("annotations") or {}), ORIGIN: origin_of(live)}
    return {**body, "metadata": {**metadata, "annotations": annotations}}


def _only_we_wrote(live: Json) -> bool:
    writers = {
        (one.get("manager"), one.get("operation"))
        for one in live["metadata"].get("managedFields") or ()
        if not one.get("subresource")
    }
    return writers == {(FIELD_MANAGER, "Apply")}
