"""What every test starts from: an environment without proxies, colours or the user's kubeconfig."""

from __future__ import annotations

import pytest

LEAKY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "KUBECONFIG", "FORCE_COLOR", "RUNBOOK_LOCAL_PARTS")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LEAKY:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
