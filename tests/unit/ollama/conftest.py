from __future__ import annotations

from collections.abc import Iterator

import pytest

from runbook.ollama import Ollama
from tests.unit.ollama.stub import Stub


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture
def ollama(stub: Stub) -> Iterator[Ollama]:
    with Ollama(stub.url, timeout_s=5) as client:
        yield client
