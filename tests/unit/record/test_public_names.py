import inspect
import pkgutil
from importlib import import_module

import pytest

import runbook.archive
import runbook.rebuild
import runbook.record


@pytest.mark.parametrize("room", [runbook.archive, runbook.record, runbook.rebuild], ids=lambda room: room.__name__)
def test_what_a_room_offers_is_listed_in_order(room: object) -> None:
    names = room.__all__  # type: ignore[attr-defined]
    assert list(names) == sorted(names)
    modules = {module.name for module in pkgutil.iter_modules(room.__path__)}  # type: ignore[attr-defined]
    public = {name for name in vars(room) if not name.startswith("_")} - (modules - set(names))
    assert public == set(names)


@pytest.mark.parametrize("room", ["runbook.archive", "runbook.record", "runbook.rebuild"])
def test_every_public_name_is_documented(room: str) -> None:
    module = import_module(room)
    offered = [getattr(module, name) for name in module.__all__]
    assert not [one for one in offered if inspect.isroutine(one) and not one.__doc__]
