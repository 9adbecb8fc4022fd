from __future__ import annotations

import ast
from pathlib import Path

import runbook.kubernetes as room


def test_every_public_name_is_listed_sorted_and_there() -> None:
    # Capitals first, as the formatter sorts them.
    assert room.__all__ == sorted(room.__all__, key=lambda name: (not name.isupper(), name.islower(), name))
    assert all(hasattr(room, name) for name in room.__all__)


def test_everything_the_room_imports_is_offered() -> None:
    tree = ast.parse(Path(room.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(room.__all__)


def test_importing_the_room_does_not_load_the_kubernetes_package() -> None:
    import subprocess
    import sys

    script = "import sys, runbook.kubernetes; print('kubernetes' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
