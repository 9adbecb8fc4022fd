"""Values that are secrets by the name they stand behind: `password: x`, `"auth": "x"`, `OPENAI_API_KEY=x`.

A name alone is not enough: `token: 2048`, `secret: ollama-tls` and `password: str` name a number, an object of
Kubernetes and a type. What stands behind a password is masked unless it is plainly none; what stands behind a token
or a key, if it is made as such values are.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import lru_cache

from runbook.record.secret_forms import MASK, Span

SHORTEST_PASSWORD = 4
SHORTEST_TOKEN = 8
# A value is judged by its beginning, and masked whole.
DECIDES = 256

# Behind these stands a secret whatever it looks like.
PASSWORDS = r"""passwords?|passwd|passphrase|(?<=_)(?:pass|pwd)|(?<=[\"'])pass
    |client-key-data|client-certificate-data|certificate-authority-data|\.?dockerconfigjson|clientkeydata"""
TOKENS = r"""secret|token|api[_ -]?key|private[_-]?key|access[_-]?key|account[_-]?key|shared[_-]?key|secret[_-]?key
    |signing[_-]?key|encryption[_-]?key|credentials?|(?<![a-z])pat|(?<![a-z])auth|id[_-]token"""
LONGEST_NAME = 32
NAME = re.compile(rf"(?x)(?:(?P<password>{PASSWORDS})|{TOKENS})$", re.IGNORECASE)
# How such names end, in small letters.
ENDINGS = (
    "password", "passwords", "passwd", "passphrase", "pass", "pwd", "-data", "keydata", "dockerconfigjson", "secret",
    "token", "key", "credential", "credentials", "pat", "auth",
)  # fmt: skip
# What stands between a name and its value: a sign with quotes that may be escaped, the next cell of a table, or blanks
# behind an option.
SIGN = re.compile(
    r"""(?x) \\*["'`]?\]?[ \t]{0,8}(?:=>|:=|[:=])[ \t]{0,8}
    | </t[dh]>\s{0,40}<t[dh][^>]{0,200}> | (?P<blanks>[ ]{1,4}(?!-))"""
)
OPTION = re.compile(r"(?<![\w-])--[\w-]{0,40}$")
VALUE = re.compile(
    r"""(?x) (?P<quote>\\*["'`]) (?P<quoted>(?:(?!(?P=quote))[^\n]){1,8192}) (?P=quote)
    | \\*["'`]? (?P<bare>[^\s"'`<>,;&(){}\[\]\\|]{1,8192})"""
)

NOTHING = frozenset(
    {"any", "bool", "bytes", "changeme", "default", "empty", "example", "false", "float", "hidden", "int", "masked"}
    | {"nil", "no", "none", "null", "object", "optional", "password", "redacted", "required", "secret", "set", "str"}
    | {"string", "token", "true", "undefined", "unknown", "unset", "yes"}
)
REFERENCE = re.compile(
    r"\$\{?\{?[\w. -]+\}?\}?|<[^>]*>|\{\{.*\}\}|%\w+%|\*+|[xX]+|\.+|[~.]?/(?:[a-z0-9._-]{1,40}/)+[a-z0-9._-]*"
)
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[a-zA-Z/%]{0,4})?")
CODE = re.compile(r"[A-Za-z_]+\d?(?:\.[A-Za-z_]+\d?)+")
OBJECT_NAME = re.compile(r"[a-z]+[0-9]{0,2}(?:[.-][a-z0-9]{1,15})+|[a-z]+")


def named_spans(text: str, small: str) -> Iterator[Span]:
    """The secrets of a text that are known by the names they stand behind.

    Args:
        text: The text.
        small: The same in small letters.
    """
    for ending in ENDINGS:
        at = small.find(ending)
        while at >= 0:
            end = at + len(ending)
            if found := _value(text, end):
                yield found
            at = small.find(ending, end)


def is_secret_member(name: str, value: str, *, sure: bool = False) -> bool:
    """Whether the value of a member of an object is a secret by the member's name.

    Args:
        name: The name.
        value: The value.
        sure: It is a variable of an environment, which leaves less doubt.
    """
    found = _name(name)
    return found is not None and _is_secret(found, value, sure=sure)


@lru_cache(4096)
def _name(name: str) -> re.Match[str] | None:
    return NAME.search(f'"{name}')


def _value(text: str, name_end: int) -> Span | None:
    """The secret behind a name that ends at a place, if there is one."""
    sign = SIGN.match(text, name_end)
    name = NAME.search(text, max(0, name_end - LONGEST_NAME), name_end) if sign else None
    if sign is None or name is None:
        return None
    option = OPTION.search(text, max(0, name_end - LONGEST_NAME - 16), name_end)
    value = VALUE.match(text, sign.end())
    if value is None or (sign["blanks"] and not option):
        return None
    group = "bare" if value["quoted"] is None else "quoted"
    if group == "bare" and text.startswith("(", value.end()):
        return None  # the call of a function
    sure = option is not None or (sign[0] == "=" and name[0].isupper())
    return (*value.span(group), "credential") if _is_secret(name, value[group], sure=sure) else None


def _is_secret(name: re.Match[str], value: str, *, sure: bool) -> bool:
    """Whether a value behind a name is a secret; `sure` as in the assignment of a variable of the environment."""
    if name[0].lower().endswith("auth"):
        return _is_login(value)
    value = value[:DECIDES].strip()
    if MASK in value or value.lower() in NOTHING or REFERENCE.fullmatch(value):
        return False
    if name["password"]:
        return len(value) >= SHORTEST_PASSWORD and not CODE.fullmatch(value)
    if len(value) < SHORTEST_TOKEN or NUMBER.fullmatch(value) or CODE.fullmatch(value) or " " in value:
        return False
    return not OBJECT_NAME.fullmatch(value) and (sure or _is_made(value))


def _is_login(value: str) -> bool:
    """Whether a value is `user:password` in base64."""
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    return len(value) >= SHORTEST_TOKEN and decoded.isprintable() and ":" in decoded


def _is_made(value: str) -> bool:
    """Whether a value is made by a machine: letters and digits mixed, or capitals within."""
    letters, digits = re.search(r"[A-Za-z]", value), re.search(r"\d", value)
    mixed = re.search(r"[a-z]", value) and re.search(r"[A-Z]", value)
    return bool((letters and digits) or (mixed and len(value) >= 16))
