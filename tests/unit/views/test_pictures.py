import subprocess
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runbook.views import Picture, contexts, explore, memory_bar, runs, speed_bar

LIMIT = 2 * 2**30
SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg)  # noqa: S314 - we drew it


def drawn_text(picture: Picture) -> str:
    return " ".join("".join(one.itertext()) for one in parsed(picture).iter(f"{SVG}text"))


def test_a_picture_is_svg_with_text_that_can_be_searched(estimate: Any) -> None:
    picture = memory_bar(estimate, LIMIT)
    assert "memory, MiB" in drawn_text(picture)
    assert "gemma3:270m" in drawn_text(picture)


def test_a_picture_says_the_same_in_words(estimate: Any) -> None:
    words = repr(memory_bar(estimate, LIMIT))
    assert "weights 400.0 MiB" in words
    assert "24% of the limit of 2.00 GiB" in words


def test_a_picture_has_a_description_for_a_screen_reader(estimate: Any) -> None:
    root = parsed(memory_bar(estimate, LIMIT))
    assert root.attrib["role"] == "img"
    assert "weights 400.0 MiB" in root.attrib["aria-label"]


def test_a_name_from_outside_stays_text_in_a_picture(estimate: Any) -> None:
    estimate.model = "<script>x</script>"
    parsed(memory_bar(estimate))
    assert "<script" not in memory_bar(estimate).svg


def test_the_same_figures_give_the_same_picture(estimate: Any) -> None:
    assert memory_bar(estimate).svg == memory_bar(estimate).svg


def test_parts_that_no_model_has_are_not_in_the_legend(estimate: Any) -> None:
    assert "projector" not in drawn_text(memory_bar(estimate))


def test_the_speed_stands_beside_what_is_needed(estimate: Any) -> None:
    picture = speed_bar([estimate], tokens=256, within_s=128)
    assert "needed: 2.0 tok/s" in drawn_text(picture)
    assert "gemma3:270m: 30.0 to 50.0 tok/s" in repr(picture)


def test_an_estimate_without_a_speed_is_left_out(estimate: Any) -> None:
    estimate.decode_tokens_per_second = None
    assert "gemma3" not in repr(speed_bar([estimate], tokens=256, within_s=128))


def test_every_run_is_a_dot(measured: Any, estimate: Any) -> None:
    assert "runs 42.0, 40.0, 44.0" in repr(runs(measured, estimate))
    assert "estimate" in drawn_text(runs(measured, estimate))
    assert "estimate" not in drawn_text(runs(measured))


def test_a_rebuild_sees_a_row_of_contexts_instead_of_sliders(estimate: Any) -> None:
    shown = explore(
        [estimate], lambda *_, **__: estimate, context_length=2048, kv_type="q8_0", limit_bytes=LIMIT, live=False
    )
    assert isinstance(shown, Picture)
    assert repr(shown) == repr(contexts(estimate, lambda *_, **__: estimate, kv_type="q8_0", limit_bytes=LIMIT))


def test_sliders_draw_the_estimate_for_their_values(estimate: Any) -> None:
    asked: list[dict[str, Any]] = []

    def answer(_: Any, **settings: Any) -> Any:
        asked.append(settings)
        return estimate

    estimate.name = "gemma3:270m"
    box = explore([estimate], answer, context_length=3000, kv_type="q8_0", limit_bytes=LIMIT, live=True)
    assert asked == [{"context_length": 3000, "kv_type": "q8_0", "parallel": 1}]
    box.children[3].value = 2
    assert asked[-1]["parallel"] == 2
    assert "the cache stays f16" in box.children[-1].value


@pytest.mark.parametrize("heavy", ["matplotlib", "pandas", "ipywidgets", "IPython", "kubernetes"])
def test_importing_the_room_imports_nothing_heavy(heavy: str) -> None:
    code = f"import sys; import runbook.views; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
