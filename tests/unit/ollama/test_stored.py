from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook.ollama import LoadedModel, StoredModel, missing_models, presence_checks

WANTED = ("qwen3:1.7b", "gemma3:1b", "moondream", "nomic-embed-text")
STORED = tuple(StoredModel(name, "ab" * 32, 1_000) for name in ("qwen3:1.7b", "gemma3:1b", "moondream:latest"))


def test_when_one_of_four_models_is_missing_then_exactly_that_one_is_named() -> None:
    assert missing_models(WANTED, STORED) == ("nomic-embed-text",)


def test_when_a_model_is_missing_then_its_check_fails_and_the_others_tell_their_digest() -> None:
    checks = presence_checks(WANTED, STORED)
    assert [check.status for check in checks] == ["passed", "passed", "passed", "failed"]
    assert "present, digest abababababab" in checks[2].evidence
    assert "04_pull" in checks[3].hint


def test_a_stored_model_tells_what_the_server_lists() -> None:
    listed = {
        "name": "gemma3:270m",
        "digest": "a6",
        "size": 253_113_294,
        "details": {"family": "gemma3", "quantization_level": "Q4_K_M", "parameter_size": "268.10M"},
    }
    assert StoredModel.of(listed) == StoredModel("gemma3:270m", "a6", 253_113_294, "Q4_K_M", "gemma3", "268.10M")


def test_the_time_until_a_model_is_unloaded_is_told_by_the_servers_own_clock() -> None:
    listed = {
        "name": "gemma3:270m",
        "size": 456_991_232,
        "size_vram": 0,
        "context_length": 2048,
        "expires_at": "2026-11-25T07:04:13.123456789+01:00",
    }
    loaded = LoadedModel.of(listed, now=datetime(2026, 11, 25, 5, 59, 13, tzinfo=UTC))
    assert loaded.expires_in_s == pytest.approx(300.1, abs=0.1)
    assert (loaded.context_length, loaded.size_bytes, loaded.size_vram_bytes) == (2048, 456_991_232, 0)


def test_a_model_that_stays_for_ever_has_a_date_in_another_century() -> None:
    listed = {"name": "m:latest", "expires_at": "2317-03-07T06:30:00.123456789Z"}
    assert LoadedModel.of(listed, now=datetime(2026, 1, 1, tzinfo=UTC)).expires_in_s > 9e9
