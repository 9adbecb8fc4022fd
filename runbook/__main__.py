"""`python -m runbook`, where the `runbook` command is not on the path."""

from runbook.cli import main

main()
