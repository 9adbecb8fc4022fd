from __future__ import annotations

import pytest

from runbook.kubernetes import Volume
from runbook.kubernetes.volume import parse_volume

DF = """Filesystem           1024-blocks    Used Available Capacity Mounted on
/dev/longhorn/pvc-1     10255636 2097152   8142100  21% /var/lib/ollama
"""


def test_size_and_what_is_free_are_read_in_bytes() -> None:
    assert parse_volume(DF) == Volume(10255636 * 1024, 8142100 * 1024, 0)


def test_what_broken_pulls_left_is_added_up() -> None:
    found = parse_volume(DF + "1000\tblobs/sha256-ab-partial\n24\tblobs/sha256-cd-partial\n")
    assert found is not None
    assert found.partial_bytes == 1024 * 1024


@pytest.mark.parametrize("text", ["", "sh: df: not found", "Filesystem 1024-blocks Used Available Capacity Mounted on"])
def test_what_is_no_answer_of_df_is_none(text: str) -> None:
    assert parse_volume(text) is None
