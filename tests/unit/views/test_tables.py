from typing import Any

from runbook.views import facts, table


def test_a_table_has_a_row_per_fact_and_a_column_per_field(nodes: list[Any]) -> None:
    lines = repr(table(nodes)).splitlines()
    assert lines[0].split() == ["name", "memory", "free", "load", "ready"]
    assert lines[1].split() == ["one", "2.00", "GiB", "1.2", "s", "yes"]
    assert "unknown" in lines[2]


def test_what_comes_from_outside_is_text_in_html(nodes: list[Any]) -> None:
    html = table(nodes, caption="<script>")._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;two&lt;/b&gt;" in html
    assert "<script>" not in html


def test_numbers_stand_on_the_right_and_words_on_the_left(nodes: list[Any]) -> None:
    html = table(nodes, ("name", "load_s")).html
    assert '<td style="text-align:left">one</td>' in html
    assert '<td style="text-align:right;white-space:nowrap">1.2 s</td>' in html


def test_columns_can_be_chosen_and_named(nodes: list[Any]) -> None:
    assert repr(table(nodes, {"load_s": "time to load"})).splitlines()[0] == "time to load"


def test_no_rows_is_said() -> None:
    assert repr(table([], caption="Nodes")) == "Nodes: none"


def test_one_fact_reads_from_top_to_bottom(nodes: list[Any]) -> None:
    assert repr(facts(nodes[0])).splitlines()[1].split() == ["memory", "free", "2.00", "GiB"]


def test_a_line_break_in_a_value_breaks_no_line() -> None:
    assert len(repr(facts({"output": "one\ntwo"})).splitlines()) == 1


def test_the_rows_are_there_to_compute_with(nodes: list[Any]) -> None:
    frame = table(nodes).frame()
    assert frame["load_s"].sum() == 126.24
    assert list(frame.columns) == ["name", "memory_free_bytes", "load_s", "ready"]
