"""Whether the tags obey the rules that the prompt states.

Karakeep takes tags that break them, so these are no failures of the contract: they tell a model that follows from one
that only fills a form.
"""

from __future__ import annotations

from runbook.checks import Check
from runbook.karakeep.reading import read_tags
from runbook.ollama import Answer

TEXT_TAGS, IMAGE_TAGS = (3, 5), (10, 15)
MOST_WORDS = 3
COUNTED, SHORT, ONCE, NONE_WANTED = (
    "As many tags as asked for",
    "Tags are short",
    "Each tag once",
    "No tags for an error page",
)
HINT = "Larger models follow rules better; Karakeep keeps such tags all the same."


def obeying(answer: Answer, *, image: bool = False, has_subject: bool = True) -> tuple[Check, ...]:
    """The rules held against an answer; none where it has no tags to judge.

    Args:
        answer: A whole answer.
        image: Whether it was asked about an image, for which more tags are wanted.
        has_subject: Whether the page is about something; an error page wants none.
    """
    tags = read_tags(answer.text).tags
    if tags is None:
        return ()
    if not has_subject:
        return (Check.that(NONE_WANTED, not tags, f"{len(tags)} tags", HINT),)
    least, most = IMAGE_TAGS if image else TEXT_TAGS
    long = [tag for tag in tags if len(tag.split()) > MOST_WORDS]
    different = len({tag.casefold() for tag in tags})
    return (
        Check.that(COUNTED, least <= len(tags) <= most, f"{len(tags)}, asked for {least} to {most}", HINT),
        Check.that(SHORT, not long, f"{len(long)} of {len(tags)} have more than {MOST_WORDS} words", HINT),
        Check.that(ONCE, different == len(tags), f"{different} different of {len(tags)}", HINT),
    )
