"""checkov over the same manifests, sound and spoilt, finds nothing that our audit does not."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runbook.kubernetes.audit import RULES, judge_subject, of_manifests
from runbook.kubernetes.manifests import Manifest, load_manifests
from runbook.parameters import Parameters
from runbook.targets import PROJECT

from .spoilt import SPOILT

CHECKOV = PROJECT / ".venv-audit" / "bin" / "checkov"
RULE_OF = {peer: one.id for one in RULES.values() for peer in one.peers}

pytestmark = [
    pytest.mark.skipif(not CHECKOV.exists(), reason="checkov is not installed: make audit-peer"),
]


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, tuple[Manifest, ...]]]:
    """The manifests as they are, and with each fault, as files."""
    parameters = Parameters(target="homelab", context="home")
    found = {}
    for name in ("sound", *SPOILT):
        manifests = copy.deepcopy(load_manifests(parameters))
        if name != "sound":
            SPOILT[name].spoil({one.kind: one.body for one in manifests})
        file = tmp_path_factory.getbasetemp() / "variants" / name / "all.yaml"
        file.parent.mkdir(parents=True)
        with file.open("w") as stream:
            YAML().dump_all([one.body for one in manifests], stream)
        found[name] = (file, manifests)
    return found


@pytest.fixture(scope="module")
def theirs(variants: dict[str, tuple[Path, tuple[Manifest, ...]]]) -> dict[str, set[str]]:
    """What checkov finds in each variant; one run for all."""
    root = variants["sound"][0].parents[1]
    command = [CHECKOV, "-d", root, "--framework", "kubernetes", "-o", "json", "--compact", "--quiet"]
    environment = {**os.environ, "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false", "BC_SKIP_MAPPING": "TRUE"}
    output = subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout
    failed: list[dict[str, Any]] = json.loads(output)["results"]["failed_checks"]
    return {
        name: {one["check_id"] for one in failed if one["file_path"].strip("/").startswith(f"{name}/")}
        for name in variants
    }


def test_checkov_finds_something_in_the_spoilt_ones(theirs: dict[str, set[str]]) -> None:
    assert sum(bool(found - theirs["sound"]) for found in theirs.values()) >= 20


@pytest.mark.parametrize("name", ["sound", *SPOILT])
def test_checkov_finds_nothing_that_ours_does_not(
    variants: dict[str, tuple[Path, tuple[Manifest, ...]]], theirs: dict[str, set[str]], name: str
) -> None:
    manifests = variants[name][1]
    findings = judge_subject(of_manifests(manifests), manifests, {}, date(2026, 11, 25))
    ours = {one.id for one in findings if one.verdict in ("failed", "noted")}
    assert {check for check in theirs[name] if RULE_OF.get(check) not in ours} == set()
