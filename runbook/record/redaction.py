"""Masking what must not be kept: secrets, the home folder, the account's name.

Everything that is written passes through a `Redactor` before it is hashed, so a record proves the masked text.
A secret is the value of an environment variable whose name says so, in its plain, quoted, escaped and base64 forms,
the last at each of the three offsets it can have inside a longer text. On top, what looks like a secret is one: by
the form its issuer gave it, or by the name it stands behind. What was masked stays as it is when it is masked again.
"""

from __future__ import annotations

import base64
import getpass
import html
import json
import os
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import accumulate, chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runbook.forms import SECRET_NAMES
from runbook.record.secret_forms import MASK, Span, form_spans
from runbook.record.secret_names import is_secret_member, named_spans

MASKS = {"secret": MASK, "home": "~", "user": "[user]"}
# One mask can uncover another: a password that a token was part of.
MOST_PASSES = 4
# A notebook is masked again after each of its cells, and most of it was looked through before.
MOST_REMEMBERED = 20_000
# A shorter value is a flag or a word, and masking it would damage the text everywhere.
SHORTEST_SECRET = 8
# Stands for the end of a line while lines are masked as one text.
LINE_END = "\0"
# Accounts that name a role and not a person; as words they occur in paths, images and messages.
ROLES = frozenset(
    {"root", "admin", "administrator", "runner", "ubuntu", "debian", "jovyan", "user", "ollama", "nobody"}
)


class Redactor:
    """Masks texts, and counts what it masked by kind.

    Args:
        secrets: Values that must not be seen.
        home: The home folder; empty where it says nothing about a person.
        user: Name of the account; empty where it says nothing about a person.
    """

    def __init__(self, secrets: Iterable[str] = (), home: str = "", user: str = "") -> None:
        self.counts: Counter[str] = Counter()
        self._clean: set[str] = set()
        self._known = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
        self._pattern = _pattern(self._known, home, user)
        self._known |= {name for name in (home, user) if name}

    @classmethod
    def of_this_process(cls, environment: Mapping[str, str] | None = None) -> Redactor:
        """A redactor for what this process knows: its environment, home folder and account."""
        environment = os.environ if environment is None else environment
        home = environment.get("HOME") or str(Path.home())
        user = _account()
        return cls(
            secrets=(value for name, value in environment.items() if _is_secret(name)),
            home="" if home in ("/", "/root") else home.rstrip("/"),
            user="" if user in ROLES or len(user) < 3 else user,
        )

    def copy(self) -> Redactor:
        """A redactor that masks the same, and counts for itself."""
        twin = Redactor()
        twin._known, twin._pattern, twin._clean = self._known, self._pattern, self._clean
        return twin

    def take(self) -> dict[str, int]:
        """What was masked since this was last asked, by kind."""
        taken, self.counts = dict(self.counts), Counter()
        return taken

    def text(self, text: str) -> str:
        """A text with its secrets masked."""
        for _ in range(MOST_PASSES):
            masked = self._once(text)
            if masked == text:
                break
            text = masked
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it masked, keys too, and what its name makes a secret.

        All texts are searched as one, since most hold nothing; what was found says which are looked at alone.
        """
        texts = list(dict.fromkeys(text for text in _texts(value) if text not in self._clean))
        return self._rebuilt(value, self._suspects(texts))

    def _suspects(self, texts: Sequence[str]) -> set[str]:
        """Those of several texts that hold something to mask, or may; the others are remembered."""
        starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
        joined = "\n".join(texts)
        known = (match.span() for match in self._pattern.finditer(joined)) if self._has_known(joined) else ()
        places = chain(known, (span[:2] for span in _spans(joined)))
        # A span may run over the ends of texts, where what it was in one of them has to be found again.
        found = (range(bisect(starts, begin) - 1, bisect(starts, end - 1)) for begin, end in places)
        suspects = {texts[index] for indices in found for index in indices if index < len(texts)}
        if len(self._clean) > MOST_REMEMBERED:
            self._clean.clear()
        self._clean.update(text for text in texts if text not in suspects)
        return suspects

    def _rebuilt(self, value: Any, suspects: Set[str]) -> Any:
        if isinstance(value, str):
            return self.text(value) if value in suspects else value
        if isinstance(value, Mapping):
            return self._object(value, suspects)
        if isinstance(value, list | tuple):
            return self._items(value, suspects)
        return value

    def _object(self, value: Mapping[str, Any], suspects: Set[str]) -> dict[str, Any]:
        named = _named_secret(value)
        rebuilt: dict[str, Any] = {}
        for key, item in value.items():
            kept = self._masked("credential") if key in named else self._rebuilt(item, suspects)
            rebuilt[self.text(key) if key in suspects else key] = kept
        return rebuilt

    def _items(self, items: Sequence[Any], suspects: Set[str]) -> list[Any]:
        """The items of a list; lines that a private key runs through are one text."""
        if any(isinstance(item, str) and "PRIVATE KEY-----" in item for item in items):
            lines = [item if isinstance(item, str) else None for item in items]
            if all(line is not None and LINE_END not in line for line in lines):
                return self.text(LINE_END.join(map(str, lines))).split(LINE_END)
        return [self._rebuilt(item, suspects) for item in items]

    def _once(self, text: str) -> str:
        if self._has_known(text):
            text = self._pattern.sub(self._mask, text)
        parts, done = [], 0
        for begin, end, kind in sorted(_spans(text)):
            if begin >= done:
                parts += [text[done:begin], self._masked(kind)]
                done = end
        return "".join([*parts, text[done:]]) if parts else text

    def _has_known(self, text: str) -> bool:
        return any(known in text for known in self._known)

    def _mask(self, match: re.Match[str]) -> str:
        kind = match.lastgroup or "secret"
        self.counts[kind] += 1
        return MASKS[kind]

    def _masked(self, kind: str) -> str:
        self.counts[kind] += 1
        return MASK


def _spans(text: str) -> Iterator[Span]:
    """Where what looks like a secret stands in a text."""
    small = text.lower()
    if len(small) != len(text):  # some capitals of other alphabets become two letters
        small = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    yield from form_spans(text, small)
    yield from named_spans(text, small)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _named_secret(value: Mapping[str, Any]) -> set[str]:
    """The members of an object whose values are secrets by their names, or by the name beside them."""
    named = {key for key, item in value.items() if isinstance(item, str) and is_secret_member(key, item)}
    name, item = value.get("name"), value.get("value")
    if isinstance(name, str) and isinstance(item, str) and is_secret_member(name, item, sure=True):
        named.add("value")
    return named


def _is_secret(name: str) -> bool:
    return name != "PWD" and SECRET_NAMES.search(name.upper()) is not None


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without an account
        return ""


def _pattern(secrets: Iterable[str], home: str, user: str) -> re.Pattern[str]:
    longest_first = sorted(secrets, key=lambda form: (-len(form), form))
    parts = {
        "secret": "|".join(map(re.escape, longest_first)),
        "home": rf"{re.escape(home)}(?![\w.-])" if home else "",
        "user": rf"(?<![\w.-]){re.escape(user)}(?![\w-])" if user else "",
    }
    return re.compile("|".join(f"(?P<{kind}>{part})" for kind, part in parts.items() if part))


def _forms(secret: str) -> set[str]:
    """A secret and its base64 forms, less the characters that its neighbours would decide."""
    data = secret.encode()
    forms = {secret, *secret.split("\n")} if "\n" in secret else {secret}
    for offset in range(3):
        first, last = -(-offset * 8 // 6), (offset + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.add(encode(b"\0" * offset + data)[first:last].decode())
    written = (
        json.dumps(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        quote(secret),
        quote(secret, safe=""),
    )
    return {form for form in forms.union(written) if len(form) >= SHORTEST_SECRET}
