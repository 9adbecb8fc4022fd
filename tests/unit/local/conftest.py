"""A build that costs a second: one small Go part, in a cache of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook.local import parts as building
from runbook.local.cache import Cache
from runbook.local.go import Go
from runbook.local.pins import GO_PARTS, GoPart


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder, empty, outside this user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RUNBOOK_LOCAL_PARTS", raising=False)
    return tmp_path / "cache" / "ollama-runbook"


@pytest.fixture(autouse=True)
def _one_compiler_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library is compiled once for all tests; a build would throw it away each time."""
    shared = tmp_path_factory.getbasetemp() / "go"
    original = Go.environment

    def environment(go: Go, base: dict[str, str], cache: Cache) -> dict[str, str]:
        return {**original(go, base, cache), "GOCACHE": str(shared)}

    monkeypatch.setattr(Go, "environment", environment)


@pytest.fixture
def only_pause(monkeypatch: pytest.MonkeyPatch) -> GoPart:
    """Nothing is wanted but the smallest part."""
    pause = next(part for part in GO_PARTS if part.name == "pause")
    monkeypatch.setattr(building, "GO_PARTS", (pause,))
    monkeypatch.setattr(building, "DEBIAN_PARTS", ())
    return pause
