"""Masking what must not be kept: secrets, the home folder, the account's name.

Everything that is written passes through a `Redactor` before it is hashed, so a record proves the masked text.
A secret is the value of an environment variable whose name says so; its base64 form is masked as well, at each of
the three offsets it can have inside a longer text.
"""

from __future__ import annotations

import base64
import getpass
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runbook.forms import SECRET_NAMES

MASKS = {"secret": "[secret]", "home": "~", "user": "[user]"}
# A shorter value is a flag or a word, and masking it would damage the text everywhere.
SHORTEST_SECRET = 8
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
        self._pattern = _pattern(secrets, home, user)

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
        twin._pattern = self._pattern
        return twin

    def take(self) -> dict[str, int]:
        """What was masked since this was last asked, by kind."""
        taken, self.counts = dict(self.counts), Counter()
        return taken

    def text(self, text: str) -> str:
        """A text with its secrets masked."""
        return self._pattern.sub(self._mask, text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it masked, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _mask(self, match: re.Match[str]) -> str:
        kind = match.lastgroup or "secret"
        self.counts[kind] += 1
        return MASKS[kind]


def _is_secret(name: str) -> bool:
    return name != "PWD" and SECRET_NAMES.search(name.upper()) is not None


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without an account
        return ""


def _pattern(secrets: Iterable[str], home: str, user: str) -> re.Pattern[str] | None:
    hidden = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    longest_first = sorted(hidden, key=lambda form: (-len(form), form))
    parts = {
        "secret": "|".join(map(re.escape, longest_first)),
        "home": rf"{re.escape(home)}(?![\w.-])" if home else "",
        "user": rf"(?<![\w.-]){re.escape(user)}(?![\w-])" if user else "",
    }
    alternatives = [f"(?P<{kind}>{part})" for kind, part in parts.items() if part]
    return re.compile("|".join(alternatives)) if alternatives else None


def _forms(secret: str) -> set[str]:
    """A secret and its base64 forms, less the characters that its neighbours would decide."""
    data = secret.encode()
    forms = {secret, *secret.split("\n")} if "\n" in secret else {secret}
    for offset in range(3):
        first, last = -(-offset * 8 // 6), (offset + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.add(encode(b"\0" * offset + data)[first:last].decode())
    return {form for form in forms if len(form) >= SHORTEST_SECRET}
