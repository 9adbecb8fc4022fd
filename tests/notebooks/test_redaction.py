"""What looks like a secret reaches no file of a run, whichever way a notebook takes to write it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runbook.rebuild import RunResult
from runbook.record import loads, verify

# Made in the notebook from pieces, since a notebook's own text is kept as it is stored.
MAKE = 'token = "gh" + "p_" + "Ab1" * 12\nkey = "AK" + "IA" + "Z2" * 8\nlogin = "http://alex:" + "letm" + "ein9@db/x"'
TOKEN, KEY, PASSWORD = "ghp_" + "Ab1" * 12, "AKIA" + "Z2" * 8, "letmein9"


@pytest.mark.usefixtures("few_imports")
def test_a_secret_is_in_no_file_of_the_run_and_its_kind_is_counted(
    book: Callable[..., Path], execute: Callable[..., RunResult]
) -> None:
    book(
        "01_leak",
        MAKE,
        "print(token, key)\nlogin",
        'from IPython.display import HTML, display\ndisplay(HTML(f"<td>password</td><td>{login}</td>"))',
        'step.result("seen", {"url": login, "env": [{"name": "API_KEY", "value": token}]})',
        'step.note(f"Authorization: Bearer {token}")',
        'step.verify(Check.that("It is so", True, f"{key} {login}"))',
        'raise ValueError(f"{token} was refused at {login}")',
    )
    result = execute()
    assert not result.succeeded
    for path in (path for path in result.folder.rglob("*") if path.is_file()):
        text = path.read_text()
        assert not [secret for secret in (TOKEN, KEY, PASSWORD) if secret in text], path.name
    counted = loads((result.folder / "record.json").read_bytes())["predicate"]["redactions"]
    assert {"token", "cloudKey", "password"} <= counted.keys()
    assert verify(result.folder).verdict == "good"
