from __future__ import annotations

from collections.abc import Iterator

import pytest

from runbook.ollama import Ollama
from runbook.parameters import Parameters
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


@pytest.fixture
def parameters() -> Parameters:
    return Parameters(
        target="shelf", context="shelf", text_model="gemma3:270m", vision_model="moondream", max_output_tokens=256
    )
