import types

import runbook.models


def test_every_public_name_is_listed_and_every_listed_name_is_there():
    public = {name for name, value in vars(runbook.models).items() if not name.startswith("_")}
    modules = {name for name in public if isinstance(getattr(runbook.models, name), types.ModuleType)}
    assert public - modules == set(runbook.models.__all__)
    assert list(runbook.models.__all__) == sorted(runbook.models.__all__)
