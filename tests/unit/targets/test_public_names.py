import types

import runbook.targets


def test_every_public_name_is_listed_and_every_listed_name_is_there():
    public = {name for name, value in vars(runbook.targets).items() if not name.startswith("_")}
    modules = {name for name in public if isinstance(getattr(runbook.targets, name), types.ModuleType)}
    assert public - modules == set(runbook.targets.__all__)
