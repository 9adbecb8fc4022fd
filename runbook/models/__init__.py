"""The model math: how much memory a model takes, how fast it is, whether it fits, and which one to choose.

Pure: it reads the files it is given and asks nobody else.
"""

from runbook.models.artifact import Artifact, read_artifact
from runbook.models.calibration import Calibration, Measured, measured_speed
from runbook.models.catalogue import CatalogueEntry, Fault, PlanFigures, catalogue, find
from runbook.models.context import Context, effective_context
from runbook.models.engine import Engine, engine_of
from runbook.models.estimate import Estimate, estimate
from runbook.models.gguf import GgufHeader, LongArray, Tensor
from runbook.models.host import Host, host_on
from runbook.models.interval import Interval
from runbook.models.plan import differences
from runbook.models.quantisation import QuantisationRow, quantisations
from runbook.models.reading import read_gguf, read_header
from runbook.models.selection import Budget, Candidate, budget, host_of, select, threads_of
from runbook.models.serving import Serving, serving_from
from runbook.models.shape import Shape, shape_of
from runbook.models.shards import read_model
from runbook.models.shown import header_from_show
from runbook.models.speed import decode_speed, image_seconds, item_seconds, prompt_speed
from runbook.models.store import read_store, stored_names
from runbook.models.traffic import kv_read_bytes_per_token, read_bytes_per_token, weights_per_token
from runbook.models.verdict import Admission, Verdict, admit, fits, judge_load

__all__ = [
    "Admission",
    "Artifact",
    "Budget",
    "Calibration",
    "Candidate",
    "CatalogueEntry",
    "Context",
    "Engine",
    "Estimate",
    "Fault",
    "GgufHeader",
    "Host",
    "Interval",
    "LongArray",
    "Measured",
    "PlanFigures",
    "QuantisationRow",
    "Serving",
    "Shape",
    "Tensor",
    "Verdict",
    "admit",
    "budget",
    "catalogue",
    "decode_speed",
    "differences",
    "effective_context",
    "engine_of",
    "estimate",
    "find",
    "fits",
    "header_from_show",
    "host_of",
    "host_on",
    "image_seconds",
    "item_seconds",
    "judge_load",
    "kv_read_bytes_per_token",
    "measured_speed",
    "prompt_speed",
    "quantisations",
    "read_artifact",
    "read_bytes_per_token",
    "read_gguf",
    "read_header",
    "read_model",
    "read_store",
    "select",
    "serving_from",
    "shape_of",
    "stored_names",
    "threads_of",
    "weights_per_token",
]
