from runbook.kubernetes import Change, Plan, Removal
from runbook.views import changes, plan, removals

NEW = Change("Namespace", "ai", None, "create", ('+ kind: "Namespace"', '+ metadata.name: "ai"'))
CHANGED = Change(
    "Deployment", "ollama", "ai", "update", ('spec.image: "a" -> "<b>"',), ("would violate <PodSecurity>",)
)
SAME = Change("Service", "ollama", "ai", "unchanged")


def test_a_plan_names_every_object_with_what_happens_to_it() -> None:
    lines = repr(plan(Plan((NEW, SAME)))).splitlines()
    assert lines[0].split() == ["create", "Namespace", "ai", "2", "fields"]
    assert lines[1].split() == ["unchanged", "Service", "ai/ollama"]


def test_an_update_shows_each_field() -> None:
    assert 'spec.image: "a" -> "<b>"' in repr(changes([CHANGED]))


def test_a_warning_is_shown_and_is_text() -> None:
    shown = changes([CHANGED])
    assert "would violate" in shown.text
    assert "<PodSecurity>" not in shown.html
    assert "<b>" not in shown.html.replace("<br>", "")


def test_the_fields_of_a_new_object_are_folded() -> None:
    assert "<details><summary>2 fields</summary>" in changes([NEW]).html


def test_a_plan_that_changes_nothing_is_one_sentence() -> None:
    assert repr(plan(Plan((SAME,)))).startswith("Nothing changes")


def test_a_removal_says_which_data_goes_or_why_it_stays() -> None:
    claim = Removal("PersistentVolumeClaim", "ollama-models", "ai", data_lost="4Gi: every model")
    space = Removal("Namespace", "ai", None, kept_because="it also holds a Pod")
    lines = repr(removals([claim, space])).splitlines()
    assert lines[0].split(maxsplit=3) == ["removes", "PersistentVolumeClaim", "ai/ollama-models", "4Gi: every model"]
    assert lines[1].split(maxsplit=3) == ["keeps", "Namespace", "ai", "it also holds a Pod"]


def test_nothing_to_remove_is_said_in_the_words_that_fit() -> None:
    assert "does not exist" in repr(removals([]))
    assert repr(removals([], empty="Nothing was removed.")) == "Nothing was removed."
