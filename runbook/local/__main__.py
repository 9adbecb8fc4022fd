"""What runs as root: `python -m runbook.local up|down|delete STATE`, called through sudo by the command."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from runbook.errors import RunbookError
from runbook.local.cluster import down, up


def main() -> int:
    """Do what the first argument says to the cluster in the second."""
    verb, state = sys.argv[1], Path(sys.argv[2])

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    try:
        if verb == "up":
            up(state, say)
        elif verb == "down":
            down(state, say)
        else:
            shutil.rmtree(state, ignore_errors=True)
    except RunbookError as error:
        say(str(error))
        return int(error.exit_status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
