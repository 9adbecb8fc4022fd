from __future__ import annotations

import os
from pathlib import Path

import pytest

from runbook.errors import ContextError
from runbook.kubernetes.kubeconfig import find_context, kubeconfig_files, load
from runbook.parameters import Parameters
from runbook.targets import PROJECT

from .conftest import WriteKubeconfig

SERVER = "https://127.0.0.1:1"


def target(context: str, **more: str) -> Parameters:
    return Parameters(target="homelab", context=context, **more)


def test_a_relative_kubeconfig_is_found_from_the_project_and_not_from_the_folder_one_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert kubeconfig_files(target("home", kubeconfig=".local/kubeconfig")) == (PROJECT / ".local/kubeconfig",)


def test_without_one_in_the_target_the_files_of_the_environment_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["/a/one", "", "/b/two"]))
    assert kubeconfig_files(target("home")) == (Path("/a/one"), Path("/b/two"))


def test_without_any_the_file_in_the_home_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kubeconfig_files(target("home")) == (tmp_path / ".kube" / "config",)


def test_when_the_context_is_misspelt_then_the_nearest_name_and_the_file_are_said(
    kubeconfig: WriteKubeconfig,
) -> None:
    path = kubeconfig(SERVER, "homelab", "work", current="work")
    with pytest.raises(ContextError, match="homelba") as caught:
        find_context(target("homelba", kubeconfig=str(path)))
    assert caught.value.why == "the nearest are: homelab"
    assert str(path) in caught.value.what
    assert "targets/homelab.yaml" in caught.value.next


def test_when_no_name_is_near_then_all_are_said(kubeconfig: WriteKubeconfig) -> None:
    path = kubeconfig(SERVER, "work", "play")
    with pytest.raises(ContextError) as caught:
        find_context(target("zzzzzz", kubeconfig=str(path)))
    assert caught.value.why == "it has: play, work"


def test_when_there_is_no_file_then_the_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContextError) as caught:
        find_context(target("home", kubeconfig=str(tmp_path / "nowhere")))
    assert str(tmp_path / "nowhere") in caught.value.why


def test_for_the_local_target_the_way_out_is_to_start_it(tmp_path: Path) -> None:
    absent = str(tmp_path / "nowhere")
    with pytest.raises(ContextError) as caught:
        find_context(Parameters(target="local", context="x", kubeconfig=absent))
    assert "runbook local up" in caught.value.next


def test_a_context_is_found_in_the_second_of_two_files(
    kubeconfig: WriteKubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = kubeconfig(SERVER, "work", file="one"), kubeconfig(SERVER, "home", file="two")
    monkeypatch.setenv("KUBECONFIG", f"{first}{os.pathsep}{second}")
    assert load(find_context(target("home")), "home").host == SERVER


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("contexts: [")
    with pytest.raises(ContextError, match="cannot be read"):
        find_context(target("home", kubeconfig=str(path)))


def test_the_current_context_of_the_file_is_never_used(kubeconfig: WriteKubeconfig) -> None:
    path = kubeconfig(SERVER, "work", "home", current="work")
    assert load((path,), "home").get_api_key_with_prefix("BearerToken") == "Bearer letmein"
    with pytest.raises(ContextError):
        load((path,), "elsewhere")


def test_a_login_program_that_is_not_installed_is_named(kubeconfig: WriteKubeconfig) -> None:
    login = {"exec": {"command": "no-such-login", "apiVersion": "client.authentication.k8s.io/v1"}}
    with pytest.raises(ContextError) as caught:
        load((kubeconfig(SERVER, user=login),), "home")
    assert "no-such-login" in caught.value.why


def test_a_login_program_that_fails_is_quoted(kubeconfig: WriteKubeconfig, tmp_path: Path) -> None:
    program = tmp_path / "login"
    program.write_text("#!/bin/sh\necho your session has ended >&2; exit 1\n")
    program.chmod(0o755)
    login = {"exec": {"command": str(program), "apiVersion": "client.authentication.k8s.io/v1"}}
    with pytest.raises(ContextError) as caught:
        load((kubeconfig(SERVER, user=login),), "home")
    assert "your session has ended" in caught.value.why


def test_a_certificate_file_that_is_missing_is_named(kubeconfig: WriteKubeconfig) -> None:
    path = kubeconfig(SERVER, **{"certificate-authority": "/nowhere/ca.crt"})
    with pytest.raises(ContextError) as caught:
        load((path,), "home")
    assert "/nowhere/ca.crt" in caught.value.why


def test_a_proxy_of_the_environment_is_not_taken(kubeconfig: WriteKubeconfig, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert load((kubeconfig(SERVER),), "home").proxy is None


def test_a_proxy_that_the_kubeconfig_names_is_taken_whatever_no_proxy_says(
    kubeconfig: WriteKubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings = load((kubeconfig(SERVER, **{"proxy-url": "http://proxy.lan:3128"}),), "home")
    assert settings.proxy == "http://proxy.lan:3128"
    assert not settings.no_proxy
