"""The model math: how much memory a model takes, how fast it is, whether it fits, and which one to choose.

Pure: it reads the files it is given and asks nobody else.
"""

from runbook.models.artifact import Artifact, read_artifact
from runbook.models.catalogue import CatalogueEntry, Fault, PlanFigures, catalogue, find
from runbook.models.context import Context, effective_context
from runbook.models.engine import Engine, engine_of
from runbook.models.estimate import Estimate, estimate
from runbook.models.gguf import GgufHeader, LongArray, Tensor
from runbook.models.interval import Interval
from runbook.models.reading import read_gguf, read_header
from runbook.models.selection import Candidate, select
from runbook.models.serving import Serving, serving_from
from runbook.models.shape import Shape, shape_of
from runbook.models.shards import read_model
from runbook.models.shown import header_from_show
from runbook.models.speed import decode_speed, item_seconds, prompt_speed
from runbook.models.store import read_store, stored_names
from runbook.models.verdict import Admission, Verdict, admit, fits, judge_load

__all__ = [
    "Admission",
    "Artifact",
    "Candidate",
    "CatalogueEntry",
    "Context",
    "Engine",
    "Estimate",
    "Fault",
    "GgufHeader",
    "Interval",
    "LongArray",
    "PlanFigures",
    "Serving",
    "Shape",
    "Tensor",
    "Verdict",
    "admit",
    "catalogue",
    "decode_speed",
    "effective_context",
    "engine_of",
    "estimate",
    "find",
    "fits",
    "header_from_show",
    "item_seconds",
    "judge_load",
    "prompt_speed",
    "read_artifact",
    "read_gguf",
    "read_header",
    "read_model",
    "read_store",
    "select",
    "serving_from",
    "shape_of",
    "stored_names",
]
