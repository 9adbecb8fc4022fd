from runbook.targets import list_targets


def test_the_targets_of_the_project_are_listed_with_context_and_description():
    found = {item.name: item for item in list_targets()}
    assert found["homelab"].context == "homelab"
    assert "Longhorn" in found["homelab"].description
    assert not any(item.mistake for item in found.values())


def test_a_target_that_cannot_be_used_is_listed_with_its_mistake(tmp_path):
    (tmp_path / "broken.yaml").write_text("contxt: a\n")
    (tmp_path / "good.yaml").write_text("context: a\n")
    broken, good = list_targets(tmp_path)
    assert "the nearest is context" in broken.mistake
    assert (good.context, good.mistake) == ("a", "")
