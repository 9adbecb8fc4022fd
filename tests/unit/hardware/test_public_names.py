import types

import runbook.hardware


def test_every_public_name_is_listed_and_every_listed_name_is_there():
    public = {name for name, value in vars(runbook.hardware).items() if not name.startswith("_")}
    # `survey` is a function and the module it comes from.
    modules = {name for name in public if isinstance(getattr(runbook.hardware, name), types.ModuleType)}
    assert public - modules == set(runbook.hardware.__all__)
    assert list(runbook.hardware.__all__) == sorted(runbook.hardware.__all__)
