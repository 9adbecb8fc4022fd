from pathlib import Path

import pytest

from runbook.errors import ParameterError
from runbook.targets import load_target
from runbook.targets.files import PROJECT, find_target, read, spelled, target_files

GOOD = "context: home\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("homelab.yaml", "local.yaml", "notes.txt"):
        (tmp_path / name).write_text(GOOD)
    return tmp_path


def test_a_folder_has_the_targets_that_end_in_yaml(folder):
    assert [path.name for path in target_files(folder)] == ["homelab.yaml", "local.yaml"]


def test_an_unknown_target_is_refused_with_the_nearest_name_and_all_names(folder):
    with pytest.raises(ParameterError, match="There is no target named 'homelap'") as caught:
        load_target("homelap", folder=folder)
    assert "the nearest is homelab" in caught.value.why
    assert "homelab, local" in caught.value.why


@pytest.mark.parametrize("name", ["", " ", "\0", "a\0b/c.yaml", "..", "nothing.yaml", "no/such/file.yaml"])
def test_a_name_that_is_no_target_is_refused(folder, name):
    with pytest.raises(ParameterError):
        find_target(name, folder)


def test_a_missing_file_is_refused_with_the_nearest_in_its_folder(folder):
    with pytest.raises(ParameterError, match="There is no target file") as caught:
        find_target(folder / "homelob.yaml")
    assert "the nearest is homelab" in caught.value.why


def test_a_folder_without_targets_is_said_to_have_none(tmp_path):
    with pytest.raises(ParameterError) as caught:
        find_target("homelab", tmp_path)
    assert "has no target files" in caught.value.why


def test_a_folder_is_not_a_target(tmp_path):
    with pytest.raises(ParameterError, match="is a folder"):
        find_target(tmp_path)


def test_a_target_is_found_by_absolute_and_by_relative_path(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    relative = f"{folder.name}/homelab.yaml"
    assert find_target(relative).samefile(find_target(folder / "homelab.yaml"))
    assert find_target(f"{folder.name}/homelab").samefile(folder / "homelab.yaml")
    assert load_target(relative).target == "homelab"


def test_a_path_from_the_project_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_target("targets/homelab.yaml").samefile(PROJECT / "targets" / "homelab.yaml")


def test_a_wrong_path_never_falls_back_on_another_target_of_the_same_name(tmp_path):
    with pytest.raises(ParameterError):
        find_target(f"{tmp_path}/homelab.yaml")


def test_a_bare_file_name_is_found_in_the_folder_of_targets(folder):
    assert find_target("local.yaml", folder).samefile(folder / "local.yaml")


def test_a_path_is_spelled_from_the_working_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert spelled(folder / "homelab.yaml") == "homelab.yaml"
    assert spelled(PROJECT / "targets" / "local.yaml") == "targets/local.yaml"


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path):
    path = tmp_path / "home.yaml"
    path.write_bytes(b"\xef\xbb\xbfcontext: home\r\nnamespace: ai\r\n")
    assert load_target(path).context == "home"


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    path = tmp_path / "home.yaml"
    path.write_bytes(b"context: home\ndescription: caf\xe9\n")
    with pytest.raises(ParameterError, match=r"home.yaml:2: is not UTF-8"):
        read(path)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path):
    with pytest.raises(ParameterError) as caught:
        read(tmp_path / "gone.yaml")
    assert caught.value.why == "No such file or directory"
