from collections.abc import Callable
from pathlib import Path

import pytest

from runbook.errors import ParameterError
from runbook.targets import load_target

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a target file named home.yaml, and returns its path."""

    def writing(text: str) -> Path:
        path = tmp_path / "home.yaml"
        path.write_bytes(text.encode())
        return path

    return writing


@pytest.fixture
def refusal(write: Write) -> Callable[..., str]:
    """The message with which a target file is refused."""

    def refusing(text: str, overrides: dict[str, object] | None = None) -> str:
        with pytest.raises(ParameterError) as caught:
            load_target(write(text), overrides)
        return str(caught.value)

    return refusing
