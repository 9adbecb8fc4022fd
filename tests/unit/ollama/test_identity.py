from __future__ import annotations

from runbook.ollama import StoredModel, identities

SIZE = 1_359_293_444
HELD = StoredModel("qwen3:1.7b", "ab" * 32, SIZE + 12_000)
BEFORE = [{"name": "qwen3:1.7b", "digest": "cd" * 32}]


def test_a_tag_that_has_become_another_model_is_said_with_both_digests_and_the_run() -> None:
    (found,) = identities([HELD], ["qwen3:1.7b"], BEFORE, "20261125T085643Z-93ba")
    assert found.verdict == "changed"
    assert found.words.startswith(
        "the tag qwen3:1.7b was cdcdcdcdcdcd in 20261125T085643Z-93ba and is abababababab now"
    )


def test_the_same_digest_is_the_same_model() -> None:
    (found,) = identities([HELD], ["qwen3:1.7b"], [{"name": "qwen3:1.7b", "digest": "ab" * 32}], "a run")
    assert (found.verdict, found.before_run) == ("as before", "a run")
    assert found.words == "the digest of a run; of the size in the catalogue"


def test_without_a_record_it_is_new() -> None:
    (found,) = identities([HELD], ["qwen3:1.7b"])
    assert (found.verdict, found.before_digest, found.before_run) == ("new", "", "")


def test_another_size_than_the_catalogues_is_another_file() -> None:
    (found,) = identities([StoredModel("qwen3:1.7b", "ab" * 32, SIZE - 1)], ["qwen3:1.7b"])
    assert "another file under the same name" in found.words


def test_only_the_models_that_matter_are_looked_at() -> None:
    assert identities([HELD], ["moondream"]) == ()
