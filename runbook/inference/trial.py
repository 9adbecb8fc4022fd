"""One trial of the consumer's contract: a model, a form of answer and a case, with what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from runbook.checks import Check
from runbook.inference.contract import Attempt
from runbook.karakeep import read_tags
from runbook.karakeep.meaning import meaning
from runbook.karakeep.obeying import obeying

SHORT, FULL, ERROR_PAGE, IMAGE = "short page", "nearly full context", "error page", "image"
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Trial:
    """What the consumer would get.

    Attributes:
        model: The model.
        form: `structured`, `json` or `plain`.
        case: What was asked about: a short page, a nearly full context, an error page, an image.
        holds: Whether the consumer can use the answer, in time.
        base: Whether the model is a base model, whose tags mean nothing.
        by_chance: Whether all that failed may pass another time.
        tags: The tags that Karakeep would keep.
        tries: How often it was asked; Karakeep asks up to four times.
        first_byte_s: Seconds to the first byte of the last answer; None where it did not come whole.
        wall_s: Seconds to its end.
        prompt_tokens: Tokens of the prompt.
        output_tokens: Tokens of the answer.
        context_tokens: The context in force.
        done_reason: Why it ended; empty where it did not come whole.
        failure: The first check that failed, with its evidence; empty where none did.
        meaning: What the failure means for the user of Karakeep.
        remedy: What to do about it.
        checks: All checks of the last answer.
        rules: Whether the tags obey the rules of the prompt.
    """

    model: str
    form: str
    case: str
    holds: bool
    base: bool
    by_chance: bool
    tags: tuple[str, ...]
    tries: int
    first_byte_s: float | None
    wall_s: float | None
    prompt_tokens: int | None
    output_tokens: int | None
    context_tokens: int
    done_reason: str
    failure: str
    meaning: str
    remedy: str
    checks: tuple[Check, ...] = field(repr=False)
    rules: tuple[Check, ...] = field(repr=False)

    @property
    def obeyed(self) -> int:
        """How many of the rules the tags obey."""
        return sum(check.status == "passed" for check in self.rules)

    @property
    def check(self) -> Check:
        """The trial as one check; skipped where a base model, which has no end by itself, was left to chance.

        Of the longer cases it is skipped either way: what changes from run to run by chance would look like a change.
        """
        name = f"The consumer's contract with {self.model}, {self.form}: {self.case}"
        if self.base and self.case != SHORT and self.by_chance:
            return Check.skipped(name, f"a base model, whose answers mean nothing: {self.failure or 'kept the form'}")
        if self.holds:
            seconds = f"{self.wall_s:.1f} s, " if self.wall_s is not None else ""
            return Check.that(name, True, f"{seconds}try {self.tries}, {len(self.tags)} tags")
        if self.base and self.by_chance:
            return Check.skipped(name, f"a base model, whose answers may have no end: {self.failure}")
        return Check.that(name, False, f"{self.failure}. For the user: {self.meaning}", self.remedy)


def trial(model: str, form: str, case: str, found: Attempt, context_tokens: int, *, base: bool) -> Trial:
    """What the tries of a request came to."""
    answer = found.answer
    failed = next((check for check in found.checks if check.status == "failed"), None)
    read = read_tags(answer.text).tags if answer and found.holds else None
    rules = obeying(answer, image=case == IMAGE, has_subject=case != ERROR_PAGE) if answer and found.holds else ()
    return Trial(
        model=model,
        form=form,
        case=case,
        holds=found.holds,
        base=base,
        by_chance=found.by_chance,
        tags=tuple(tag for tag in read or () if tag),
        tries=found.tries,
        first_byte_s=answer.first_byte_s if answer else None,
        wall_s=answer.wall_s if answer else None,
        prompt_tokens=answer.prompt_tokens if answer else None,
        output_tokens=answer.output_tokens if answer else None,
        context_tokens=context_tokens,
        done_reason=answer.done_reason if answer else "",
        failure=f"{failed.name}: {failed.evidence}" if failed else "",
        meaning=meaning(found.checks),
        remedy=failed.hint if failed else "",
        checks=found.checks,
        rules=() if base else rules,
    )
