"""A request to a model: its prompt as text, the rest as the JSON that is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runbook.views.tables import facts
from runbook.views.view import View, log, stack

LONGEST_IMAGE = 60


def request(body: Mapping[str, Any]) -> View:
    """The body of a request to `/api/generate`; an image is cut, since it is as long as a book."""
    rest = {key: json.dumps(item, ensure_ascii=False) for key, item in body.items() if key not in ("prompt", "images")}
    images = [f"{image[:LONGEST_IMAGE]}..." for image in body.get("images", ())]
    shown = rest | ({"images": images} if images else {})
    return stack(log(str(body.get("prompt", "")), "prompt"), facts(shown, {key: key for key in shown}))
