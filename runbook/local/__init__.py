"""The local target: a real one-node Kubernetes with a registry and a real model, on this machine.

Nothing outside this room may be Linux-only, and nothing imports it but the command line and the tests.
"""

from runbook.local.cluster import LocalStatus, clean, down, status, up
from runbook.local.layout import CONTEXT, NODE, Layout
from runbook.local.parts import Parts, build

__all__ = ["CONTEXT", "NODE", "Layout", "LocalStatus", "Parts", "build", "clean", "down", "status", "up"]
