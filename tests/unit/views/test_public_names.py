import runbook.views as room


def test_the_public_names_are_sorted_and_exist() -> None:
    assert room.__all__ == sorted(room.__all__)
    assert all(hasattr(room, name) for name in room.__all__)
    offered = {name for name, item in vars(room).items() if getattr(item, "__module__", "").startswith("runbook.views")}
    assert offered == set(room.__all__)
