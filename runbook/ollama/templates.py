"""What a model's template says of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROMPT_ALONE = ("", "{{.Prompt}}")


def is_base_model(shown: Mapping[str, Any]) -> bool:
    """Whether a model only continues a text: it has no template for a conversation, by what `/api/show` says of it.

    What such a model answers has the form that was asked for, and no meaning.
    """
    template = "".join(str(shown.get("template") or "").split())
    return template in PROMPT_ALONE and not shown.get("renderer")
