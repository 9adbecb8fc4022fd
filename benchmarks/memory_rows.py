"""The public rows: what other people's logs say, and what we compute for the same shapes."""

from __future__ import annotations

import sys

from runbook.targets import PROJECT

# The rows, their shapes and their causes are the tests' own, so that one place holds them.
sys.path.insert(0, str(PROJECT))

from tests.unit.models.public_rows import judged


def print_public_rows() -> dict[str, int]:
    """A line for each figure that is not reproduced, and how many are."""
    figures = list(judged())
    listed = [one for one in figures if not one.is_reproduced]
    rows, reproduced = len({one.row for one in figures}), len(figures) - len(listed)
    print(f"public rows: {rows}, figures {len(figures)}, reproduced {reproduced}; the others:")
    for one in listed:
        stated = "" if one.stated_mib is None else f"{one.stated_mib:.2f} MiB"
        ours = "" if one.ours_mib is None else f", ours {one.ours_mib:.2f}"
        print(f"row {one.row:>3} {one.part:8}{stated:>14}{ours}: {one.what}: {one.cause or 'NOT EXPLAINED'}")
    return {
        "public_rows": rows,
        "public_figures_reproduced": reproduced,
        "public_figures_listed_with_cause": sum(bool(one.cause) for one in listed),
        "public_rows_unexplained": sum(not one.cause for one in listed),
    }
