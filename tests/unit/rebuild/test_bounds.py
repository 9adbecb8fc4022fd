from runbook.rebuild.bounds import excerpt


def test_a_short_text_is_whole() -> None:
    cut = excerpt("a\nb")
    assert (cut.first, cut.cut_lines, cut.last) == ("a\nb", 0, "")


def test_of_a_flood_the_ends_are_kept_and_the_rest_is_counted() -> None:
    lines = [f"line {number}" for number in range(100_000)]
    cut = excerpt("\n".join(lines))
    assert cut.first.splitlines() == lines[:30]
    assert cut.last.splitlines() == lines[-70:]
    assert cut.cut_lines == 100_000 - 100


def test_a_line_without_end_keeps_both_its_ends() -> None:
    cut = excerpt("a" * 10_000 + "the error")
    assert len(cut.first) < 2_100
    assert "8,009 characters cut" in cut.first
    assert cut.first.endswith("the error")
