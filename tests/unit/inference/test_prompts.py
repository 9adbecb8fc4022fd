from __future__ import annotations

from runbook.inference import fresh_prompt


def test_no_two_prompts_share_their_first_twenty_characters() -> None:
    heads = [fresh_prompt(256)[:20] for _ in range(200)]
    assert len(set(heads)) == 200
    assert all(" " not in head for head in heads)


def test_a_prompt_grows_with_the_tokens_asked_for() -> None:
    words = [len(fresh_prompt(tokens).split()) for tokens in (32, 256, 2048)]
    assert words == [7, 179, 1558]


def test_the_smallest_prompt_still_says_something() -> None:
    assert len(fresh_prompt(1).split()) == 2
