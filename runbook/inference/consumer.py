"""The whole contract: models, forms of answer and cases tried as the consumer would, and the model that passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.inference.contract import BASE_MODEL_TRIES, PAGE, Attempt, attempt
from runbook.inference.filling import page_that_fills
from runbook.inference.picture import sunny_field
from runbook.inference.silence import Way, ways_to_silence
from runbook.inference.trial import ERROR_PAGE, FULL, IMAGE, SHORT, Trial, trial
from runbook.karakeep import image_request, judge_failure, safe_job_limit_s, tagging_request
from runbook.karakeep.limits import TRIES
from runbook.karakeep.thinking import thinks
from runbook.ollama import Ollama, context_of, is_base_model
from runbook.parameters import Parameters

FORMS = ("structured", "json", "plain")
NO_PAGE = "403 Forbidden. You do not have permission to access this page."
Tell = Callable[[str], None]


@dataclass
class Contract:
    """What was found so far; it grows while it is made.

    Attributes:
        trials: One for each model, form and case.
        ways: For models that think, the ways to stop that, and whether they work.
        skipped: What was not tried, and why.
    """

    trials: list[Trial] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    skipped: list[Check] = field(default_factory=list)

    @property
    def checks(self) -> tuple[Check, ...]:
        """One check for each trial, and what was skipped."""
        return (*(one.check for one in self.trials), *self.skipped)

    @property
    def safe_job_limit_s(self) -> float:
        """The smallest job limit that is safe for the slowest answer, in seconds; 0 where none came."""
        return safe_job_limit_s(max((one.wall_s or 0 for one in self.trials), default=0))

    @property
    def recommendation(self) -> Recommendation:
        """The model that passes, with its evidence."""
        return recommend(self.trials)


@dataclass(frozen=True)
class Recommendation:
    """The model and form to set in Karakeep.

    Attributes:
        model: The model; empty where none passes.
        form: The form of answers.
        evidence: What it rests on, or why there is none.
    """

    model: str
    form: str
    evidence: str


def check_contract(
    ollama: Ollama,
    parameters: Parameters,
    models: Iterable[str] = (),
    *,
    forms: Iterable[str] = FORMS,
    into: Contract | None = None,
    on_progress: Tell | None = None,
) -> Contract:
    """Ask as Karakeep 0.30 and later do, in every case, and judge what the consumer would get.

    The short page is asked for in each form; what takes longer in the first form only. Of a thinking model the ways to
    stop it are tried too, for which a derived model is made and removed again.

    Args:
        ollama: The server.
        parameters: The target: its context, longest answer and limits are the consumer's.
        models: The models; none takes the target's text model, and its vision model for images.
        forms: Forms of answer, the one that matters most first.
        into: Where to put what is found, so that an interruption keeps it.
        on_progress: Called with a line before each trial.

    Raises:
        OllamaError: The server does not have a model.
        OllamaUnreachable: The server does not answer.
    """
    found = Contract() if into is None else into
    tell = on_progress or (lambda _: None)
    chosen, wanted = tuple(forms), tuple(models)
    for name in wanted or (parameters.text_model,):
        shown = ollama.show(name)
        _try_model(ollama, parameters.model_copy(update={"text_model": name}), shown, chosen, found, tell)
        if wanted and _sees(shown):
            _try_images(ollama, parameters.model_copy(update={"vision_model": name}), chosen[0], found, tell)
    if not wanted:
        _try_images(ollama, parameters, chosen[0], found, tell)
    return found


def _try_model(
    ollama: Ollama,
    parameters: Parameters,
    shown: dict[str, Any],
    forms: tuple[str, ...],
    found: Contract,
    tell: Tell,
) -> None:
    model = parameters.text_model
    for form in forms:
        in_form = parameters.model_copy(update={"output_schema": form})
        for case, page in _pages(ollama, in_form, shown, found, long=form == forms[0]):
            tell(f"{model}, {form}: {case}")
            found.trials.append(_text_trial(ollama, in_form, shown, form, case, page))
    if thinks(shown):
        tell(f"{model}: ways to stop it from thinking")
        found.ways += ways_to_silence(ollama, parameters.model_copy(update={"output_schema": forms[0]}), shown, PAGE)


def _pages(
    ollama: Ollama, parameters: Parameters, shown: dict[str, Any], found: Contract, *, long: bool
) -> Iterator[tuple[str, str]]:
    yield SHORT, PAGE
    if not long:
        return
    yield ERROR_PAGE, NO_PAGE
    name = f"The consumer's contract with {parameters.text_model}: {FULL}"
    try:
        page = page_that_fills(ollama, parameters, context_of(shown, request=parameters.context_length).tokens)
    except AnswerFailed as failure:
        found.skipped.append(Check.skipped(name, f"how long a page may be is not known: {failure.what}"))
        return
    if page is None:
        found.skipped.append(Check.skipped(name, "the instructions and an answer alone fill this context"))
        return
    yield FULL, page


def _text_trial(
    ollama: Ollama, parameters: Parameters, shown: dict[str, Any], form: str, case: str, page: str
) -> Trial:
    base = is_base_model(shown)
    context = context_of(shown, request=parameters.context_length).tokens
    made = attempt(
        ollama,
        parameters,
        tagging_request(parameters, page),
        tries=_tries(base, form, case),
        context_length=context,
        has_subject=case != ERROR_PAGE,
    )
    return trial(parameters.text_model, form, case, made, context, base=base)


def _tries(base: bool, form: str, case: str) -> int:
    """How often to ask: as the consumer does, but of a base model often enough to see the form kept, and once else."""
    if not base:
        return TRIES
    return BASE_MODEL_TRIES if (form, case) == ("structured", SHORT) else 1


def _try_images(ollama: Ollama, parameters: Parameters, form: str, found: Contract, tell: Tell) -> None:
    """The picture that comes with the project; skipped with the reason where no model sees."""
    model, name = parameters.vision_model, "The consumer's contract: image"
    if model is None:
        found.skipped.append(Check.skipped(name, f"the target {parameters.target} names no vision model"))
        return
    shown = ollama.show(model)
    context = context_of(shown, request=parameters.context_length).tokens
    tell(f"{model}, {form}: {IMAGE}")
    in_form = parameters.model_copy(update={"output_schema": form})
    if _sees(shown):
        made = attempt(ollama, in_form, image_request(in_form, sunny_field()), context_length=context)
    else:
        made = Attempt(judge_failure(_blind(model)), ("it takes no images",), None)
    found.trials.append(trial(model, form, IMAGE, made, context, base=is_base_model(shown)))


def _sees(shown: dict[str, Any]) -> bool:
    return "vision" in (shown.get("capabilities") or ())


def _blind(model: str) -> AnswerFailed:
    return AnswerFailed(
        f"{model} takes no images.", why="its capabilities do not name vision", next="Choose a vision model."
    )


def recommend(trials: Iterable[Trial]) -> Recommendation:
    """The model and form whose every trial on text holds: the most obedient one, then the fastest."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for one in trials:
        if one.case != IMAGE:
            groups.setdefault((one.model, one.form), []).append(one)
    longest = max((len(group) for group in groups.values()), default=0)
    # A form that was tried with the short page alone is compared and not recommended over one that was tried fully.
    good = [group for group in groups.values() if len(group) == longest and all(one.holds for one in group)]
    good = [group for group in good if not group[0].base]
    if not good:
        return Recommendation("", "", _why_none(list(groups.values())))
    best = min(good, key=lambda group: (-sum(one.obeyed for one in group), _slowest_s(group)))
    rules = sum(len(one.rules) for one in best)
    evidence = (
        f"{len(best)} of {len(best)} cases, {sum(one.obeyed for one in best)} of {rules} rules, at most "
        f"{_slowest_s(best):.1f} s, first byte after at most {max(one.first_byte_s or 0 for one in best):.1f} s"
    )
    return Recommendation(best[0].model, best[0].form, evidence)


def _slowest_s(group: Iterable[Trial]) -> float:
    return max((one.wall_s or 0 for one in group), default=0)


def _why_none(groups: list[list[Trial]]) -> str:
    if groups and all(group[0].base for group in groups):
        return "only base models were asked: they keep the form, and their tags mean nothing"
    failed = [one for group in groups for one in group if not one.holds]
    return f"{len(failed)} trials failed, the first: {failed[0].failure}" if failed else "nothing was tried"
