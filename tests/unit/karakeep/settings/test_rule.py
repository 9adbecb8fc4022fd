from __future__ import annotations

import pytest

from runbook.karakeep import Release
from runbook.karakeep.settings import judge_advice


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("ghcr.io/karakeep-app/karakeep:0.30.0", "0.30.0"),
        ("karakeep:v0.29.1@sha256:aa", "0.29.1"),
        ("registry:5000/karakeep", "None"),
        ("karakeep:release", "None"),
        ("ollama/ollama:0.15.6-rc1", "0.15.6"),
        ("", "None"),
    ],
)
def test_the_version_is_in_the_tag_of_an_image(image: str, version: str) -> None:
    assert str(Release.of_image(image)) == version


@pytest.mark.parametrize(("version", "before"), [("0.29.9", True), ("0.30", False), ("0.30.0", False), ("1", False)])
def test_versions_are_compared_by_their_numbers(version: str, before: bool) -> None:
    release = Release.of(version)
    assert release is not None
    assert release.is_before(0, 30) is before


@pytest.mark.parametrize(("ollama", "holds"), [("0.6.8", True), ("0.15.6", False)])
def test_advice_that_was_mended_holds_for_old_versions_alone(ollama: str, holds: bool) -> None:
    (leak,) = [one for one in judge_advice(None, Release.of(ollama)) if "gemma3" in one.text]
    assert leak.holds is holds
