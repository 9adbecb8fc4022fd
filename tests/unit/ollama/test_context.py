from __future__ import annotations

import pytest

from runbook.ollama import context_of, effective_context

TABLE = [
    # trained, environment, parameter, request, vision, effective
    (40_960, 131_072, None, None, False, 40_960),
    (40_960, 131_072, None, 2_048, False, 2_048),
    (40_960, None, None, None, False, 4_096),
    (32_768, 16_384, 4_096, None, False, 4_096),
    (2_048, 8_192, None, None, True, 2_048),
    (2_048, None, None, 1_024, True, 2_048),
    (40_960, 0, None, None, False, 4_096),
    (None, None, None, 131_072, False, 131_072),
]


@pytest.mark.parametrize(("trained", "environment", "parameter", "request_", "vision", "effective"), TABLE)
def test_the_context_in_force_is_the_servers_and_not_the_one_that_was_set(
    trained: int | None,
    environment: int | None,
    parameter: int | None,
    request_: int | None,
    vision: bool,
    effective: int,
) -> None:
    found = effective_context(
        trained=trained, environment=environment, parameter=parameter, request=request_, vision=vision
    )
    assert found.tokens == effective


def test_the_source_of_the_context_is_named() -> None:
    assert effective_context(trained=40_960, request=2_048).source == "the request"
    assert effective_context(trained=40_960, request=131_072).source == "the length the model was trained for"
    assert effective_context(trained=8_192, request=512, vision=True).source == "the minimum for images"


def test_what_the_server_shows_of_a_model_decides() -> None:
    shown = {
        "parameters": 'stop    "<|im_end|>"\nnum_ctx                        8192',
        "model_info": {"general.architecture": "phi2", "phi2.context_length": 2_048},
        "capabilities": ["completion", "vision"],
    }
    assert context_of(shown, request=None).tokens == 2_048
    assert context_of({**shown, "model_info": {}}, request=None).tokens == 8_192
    assert context_of({}, request=None).tokens == 4_096
