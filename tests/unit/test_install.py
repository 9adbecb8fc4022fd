"""The installer's bad days: each ends in what happened, why, and what to do next."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "install"


@pytest.fixture
def install() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("install", str(SCRIPT))
    spec = importlib.util.spec_from_loader("install", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def test_a_target_of_ones_own_needs_no_os_package_and_no_root(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.shutil, "which", lambda _: None)
    assert install.missing_programs("base", sys.executable) == []


def test_what_is_missing_is_named_with_its_package_and_reason(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.shutil, "which", lambda name: None if name in ("g++", "iptables") else "/bin/true")
    assert [package for _, package, why in install.missing_programs("local", sys.executable) if why] == [
        "iptables",
        "g++",
    ]


def test_ready_made_parts_need_no_compiler(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_LOCAL_PARTS", "/somewhere")
    monkeypatch.setattr(install.shutil, "which", lambda name: None if name == "g++" else "/bin/true")
    assert install.missing_programs("local", sys.executable) == []


def test_without_root_and_sudo_the_command_for_root_is_given(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(install.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    with pytest.raises(install.Problem) as caught:
        install.install_programs([("ip", "iproute2", "links the cluster")])
    assert caught.value.lines == [
        "OS packages are missing: iproute2 (links the cluster)",
        "Why: you are not root, and there is no sudo",
        "Next: as root: apt-get install iproute2",
    ]


def test_without_apt_the_missing_programs_are_named(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.shutil, "which", lambda _: None)
    with pytest.raises(install.Problem, match="iproute2"):
        install.install_programs([("ip", "iproute2", "links the cluster")])


def test_a_package_index_that_does_not_answer_is_said_and_nothing_is_lost(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "VENV", sys.prefix)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(install.Problem) as caught:
        install.pip("--retries", "0", "--no-deps", "runbook-no-such-package")
    assert "could not be installed" in caught.value.lines[0]
    assert "network" in caught.value.lines[-1]


def test_an_environment_that_is_broken_is_made_anew(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / ".venv"
    (broken / "bin").mkdir(parents=True)
    (broken / "bin" / "python").symlink_to("/nowhere/python3")
    monkeypatch.setattr(install, "VENV", str(broken))
    install.make_environment(sys.executable)
    assert os.access(broken / "bin" / "python", os.X_OK)


def test_an_old_python_looks_for_a_newer_one_and_says_so(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(install.shutil, "which", lambda _: None)
    with pytest.raises(install.Problem, match=r"3\.11 or newer"):
        install.find_python()


def test_wrong_usage_prints_the_usage_and_ends_with_2(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["install", "everything"])
    assert install.main() == 2
    assert "usage: scripts/install base|local|dev" in capsys.readouterr().err
