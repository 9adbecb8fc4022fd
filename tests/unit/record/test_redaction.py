import base64

import pytest

from runbook.record.redaction import Redactor

TOKEN = "FAKE-tok-8f31c0de-000"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor([TOKEN], home="/home/alex", user="alex")


def test_a_secret_is_masked_and_counted(redactor: Redactor) -> None:
    assert redactor.text(f"Bearer {TOKEN}, {TOKEN}") == "Bearer [secret], [secret]"
    assert redactor.counts == {"secret": 2}


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("after", ["", "!", "!!", "\n"])
def test_a_secret_is_masked_in_base64_at_any_offset(redactor: Redactor, before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}{TOKEN}{after}".encode()).decode()
    masked = redactor.text(f"auth={encoded}")
    left = masked.removeprefix("auth=").replace("[secret]", "")
    assert "[secret]" in masked
    assert len(left) <= len(base64.b64encode(f"{before}{after}".encode())) + 4  # of the token a few bits at its ends


def test_the_home_folder_becomes_a_tilde_but_not_that_of_another(redactor: Redactor) -> None:
    assert redactor.text("/home/alex/lab and /home/alexander") == "~/lab and /home/alexander"


def test_the_account_is_masked_as_a_word_only(redactor: Redactor) -> None:
    assert redactor.text("alex@box alexandria galex alex-lab") == "[user]@box alexandria galex alex-lab"


def test_every_text_of_a_value_is_masked_keys_too(redactor: Redactor) -> None:
    value = {TOKEN: [f"a {TOKEN}", 7, None, {"p": "/home/alex"}]}
    assert redactor.value(value) == {"[secret]": ["a [secret]", 7, None, {"p": "~"}]}


@pytest.mark.parametrize("name", ["REGISTRY_TOKEN", "OPENAI_API_KEY", "db_password", "AWS_SECRET_ACCESS_KEY"])
def test_a_variable_is_a_secret_by_its_name(name: str) -> None:
    assert Redactor.of_this_process({name: TOKEN, "HOME": "/root"}).text(f"x {TOKEN}") == "x [secret]"


@pytest.mark.parametrize("name", ["PWD", "EDITOR", "LANG"])
def test_other_variables_are_none(name: str) -> None:
    assert Redactor.of_this_process({name: TOKEN, "HOME": "/root"}).text(TOKEN) == TOKEN


def test_a_short_value_is_no_secret() -> None:
    assert Redactor(["true"]).text("it is true") == "it is true"


def test_root_is_a_role_and_its_home_the_path_of_every_container() -> None:
    text = "root owns /root/.ollama"
    assert Redactor.of_this_process({"HOME": "/root", "USER": "root", "LOGNAME": "root"}).text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "sha256:9c1b6dd6c1cf8c4d5d3f1b6a5f1d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d",
        "1b4e28ba-2fa1-41d2-883f-0016d3cca427",
        "qwen3:1.7b",
        base64.b64encode(bytes(range(256))).decode(),
    ],
)
def test_digests_uids_models_and_images_are_left_alone(redactor: Redactor, text: str) -> None:
    assert redactor.text(text) == text


def test_a_copy_masks_the_same_and_counts_for_itself(redactor: Redactor) -> None:
    assert redactor.copy().text(TOKEN) == "[secret]"
    assert redactor.take() == {}


def test_what_was_counted_is_taken_once(redactor: Redactor) -> None:
    redactor.text(TOKEN)
    assert redactor.take() == {"secret": 1}
    assert redactor.take() == {}
