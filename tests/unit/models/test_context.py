"""RC-05: which context is really in force."""

import pytest

from runbook.models import effective_context, estimate, find

MIB = 1 << 20


@pytest.mark.parametrize(
    ("trained", "vision", "environment", "parameter", "request_", "expected", "source"),
    [
        (40960, False, 131072, None, None, 40960, "server, cut"),
        (40960, False, 131072, None, 2048, 2048, "request"),
        (40960, False, None, None, None, 4096, "default"),
        (32768, False, 16384, 4096, None, 4096, "model"),
        (2048, True, 8192, None, None, 2048, "server, cut"),
        (2048, True, None, None, 1024, 2048, "request, raised"),
        (0, False, None, None, 99, 99, "request"),
        (8192, False, None, None, 1, 4, "request, raised"),
        (512, False, None, None, None, 512, "default, cut"),
    ],
)
def test_rc_05_the_effective_context_and_its_source(
    trained, vision, environment, parameter, request_, expected, source
):
    found = effective_context(
        trained=trained, has_vision=vision, environment=environment, parameter=parameter, request=request_
    )
    assert found.length == expected
    assert found.source.startswith(source)
    assert found.batch == min(512, expected)


@pytest.mark.parametrize(
    ("model", "environment", "request_", "expected"),
    [
        ("qwen3:1.7b", 131072, None, 4697620480),
        ("qwen3:1.7b", 131072, 2048, 224 * MIB),
        ("qwen3:1.7b", None, None, 448 * MIB),
        ("moondream", 8192, None, 384 * MIB),
        ("moondream", None, 1024, 384 * MIB),
    ],
)
def test_rc_05_the_cache_follows_the_effective_context(model, environment, request_, expected):
    entry = find(model)
    shape_vision = model == "moondream"
    context = effective_context(
        trained=2048 if shape_vision else 40960, has_vision=shape_vision, environment=environment, request=request_
    )
    assert estimate(entry, context=context).kv_bytes == expected
    assert estimate(entry, context=context).context_source == context.source
