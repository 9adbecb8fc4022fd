from __future__ import annotations

from inspect import ismodule

import runbook.karakeep as room


def test_the_room_lists_every_name_that_it_offers() -> None:
    offered = {name for name, value in vars(room).items() if not name.startswith("_") and not ismodule(value)}
    assert offered == set(room.__all__)
    assert len(room.__all__) == len(offered)
