from __future__ import annotations

import re
from string import Formatter

import pytest

from runbook.kubernetes.admission import ADMISSION
from runbook.kubernetes.causes import CAUSES
from runbook.kubernetes.causes.container import LOG, START
from runbook.kubernetes.causes.image import PULL
from runbook.kubernetes.causes.scheduling import NO_NODE
from runbook.kubernetes.causes.storage import CLAIM, MOUNT
from runbook.kubernetes.known import SECTIONS, Known, recognise

# What the callers of each table put into its words beside the groups of the pattern.
TABLES: tuple[tuple[tuple[Known, ...], set[str]], ...] = (
    (ADMISSION, {"namespace", "object"}),
    (PULL, {"image", "namespace", "architecture"}),
    (NO_NODE, {"selector", "taints"}),
    (CLAIM, {"claim", "classes"}),
    (MOUNT, set()),
    (START, {"image", "namespace"}),
    (LOG, {"image"}),
)
ROWS = [pytest.param(row, facts, id=f"{row.id} {row.pattern[:30]}") for table, facts in TABLES for row in table]


@pytest.mark.parametrize(("row", "facts"), ROWS)
def test_the_words_of_a_row_name_only_what_is_known(row: Known, facts: set[str]) -> None:
    named = {name for text in (row.cause, row.remedy) for _, name, _, _ in Formatter().parse(text) if name}
    assert named <= facts | set(re.compile(row.pattern).groupindex)


@pytest.mark.parametrize(("row", "facts"), ROWS)
def test_a_row_names_a_section_and_one_of_the_causes(row: Known, facts: set[str]) -> None:
    assert row.section in SECTIONS
    assert re.fullmatch(r"D\d\d", row.id)


def test_every_cause_of_a_rollout_has_an_entry() -> None:
    ids = [one for cause in CAUSES for one in cause.ids]
    assert len(set(ids)) >= 40


def test_a_text_that_nothing_matches_is_no_cause() -> None:
    assert recognise(ADMISSION, "all is well", namespace="ai", object="Deployment ollama") is None
