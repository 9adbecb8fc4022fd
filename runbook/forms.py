"""The forms a parameter's value can have: names, quantities, addresses; each with words for its table and errors.

An annotation carries its form as metadata: `Form` says what a value looks like, `Unit` what it counts, `Between`
bounds a quantity. pydantic enforces them, `runbook.parameters.describe` and the errors of a target file read them.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import AfterValidator, Field, GetCoreSchemaHandler, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

_POWERS = {"m": Decimal("0.001"), "": Decimal(1)}
_POWERS |= {suffix: Decimal(1000) ** n for n, suffix in enumerate("kMGTP", start=1)}
_POWERS |= {f"{suffix}i": Decimal(1024) ** n for n, suffix in enumerate("KMGTP", start=1)}


@dataclass(frozen=True)
class Form:
    """What a value looks like, in words that follow "expected"."""

    words: str


@dataclass(frozen=True)
class Unit:
    """What a number or a quantity counts."""

    name: str


@dataclass(frozen=True)
class Between:
    """The smallest and the largest quantity that make sense, as written in a target file."""

    low: str
    high: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: str) -> str:
        """Return a quantity that lies within the bounds.

        Raises:
            ValueError: It does not.
        """
        if not amount(self.low) <= amount(value) <= amount(self.high):
            raise ValueError(f"is not from {self.low} to {self.high}")
        return value


def amount(quantity: str) -> Decimal:
    """The exact number that a Kubernetes quantity such as `500m` or `6Gi` stands for, in cores or bytes.

    Raises:
        ValueError: The text is not a quantity.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(m|k|[MGTP]|[KMGTP]i)?", quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is not a quantity")
    return Decimal(match[1]) * _POWERS[match[2] or ""]


def _mirror(value: str) -> str:
    """A mirror that Ollama can pull from: its model names have a host, one folder and the model, no more."""
    host, _, folder = value.partition("/")
    name, colon, port = host.partition(":")
    if "://" in value:
        raise ValueError("begins with a scheme; leave it out, `registry_insecure` says whether it is http")
    if "@" in value:
        raise ValueError("holds a login, and a target file is no place for one")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name):
        raise ValueError("has no proper host name")
    if colon and not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise ValueError("has a port that is not from 1 to 65535")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", folder):
        raise ValueError("needs exactly one folder after the host, since Ollama knows no other names")
    return value


Name = Annotated[
    str,
    Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63),
    Form("a name of lower-case letters, digits and '-', at most 63 characters"),
]
ClassName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=253),
    Form("a name of lower-case letters, digits, '-' and '.', at most 253 characters"),
]
Sentence = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x08\x0e-\x1f\x7f]*$", max_length=1000),
    Form("a text of at most 1000 characters"),
]
FullLine = Annotated[
    str, Field(pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"), Form("a text that is not empty")
]
Uid = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    Form("a UID such as 1b4e28ba-2fa1-41d2-883f-0016d3cca427"),
]
Image = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?$", max_length=512),
    Form("an image such as ollama/ollama:0.15.6"),
]
ModelName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]*$", max_length=256),
    Form("a model name such as qwen3:1.7b"),
]
Mirror = Annotated[
    str, Field(max_length=512), AfterValidator(_mirror), Form("host:port/folder such as registry.lan:5000/library")
]

# 512m of memory is half a byte, and 4Gi of CPU four billion cores: each takes the suffixes that mean something.
Cores = Annotated[
    str,
    Field(pattern=r"^([0-9]{1,9}(\.[0-9]{1,3})?|[0-9]{1,9}m)$"),
    Between("1m", "1024"),
    Form("cores such as 500m, 2 or 0.5"),
    Unit("cores"),
]
Bytes = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,18}(\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"),
    Between("1Mi", "64Ti"),
    Form("a quantity of bytes such as 6Gi or 512Mi"),
    Unit("bytes"),
]
Modules = Annotated[
    str,
    Field(pattern=r"^[1-9][0-9]?x(LPDDR|DDR)[2-5]X?-[0-9]{3,5}$"),
    Form("channels by memory such as 2xDDR4-2666"),
]

Tokens = Annotated[int, Unit("tokens")]
Seconds = Annotated[float, Unit("seconds")]
GigabytesPerSecond = Annotated[float, Unit("GB/s")]

VariableName = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=256), Form("a name of letters, digits and '_'")
]
VariableValue = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=32768), Form("text")]
LabelKey = Annotated[
    str,
    Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$", max_length=317),
    Form("a label such as kubernetes.io/hostname"),
]
LabelValue = Annotated[
    str,
    Field(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"),
    Form("letters, digits, '-', '_' and '.', at most 63 characters"),
]


SECRET_NAMES = re.compile(
    r"TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL|(^|_)(PASS|PWD|PAT)(_|$)"
)
SECRET_VALUES = re.compile(
    r"^(sk-|gh[pousr]_|github_pat_|glpat-|hf_|xox[abps]-|AKIA|eyJ[\w-]+\.|Bearer )|-----BEGIN|://[^/\s]*:[^/\s]*@"
)
ELSEWHERE = "keep it in a Kubernetes Secret, and name that Secret in the Deployment"


def _without_secrets(environment: dict[str, str]) -> dict[str, str]:
    """An environment that anyone may read, since it is recorded and shown.

    Raises:
        ValueError: A variable seems to be a secret; its value is not in the message.
    """
    for name, value in environment.items():
        a_count = name.upper().endswith("TOKENS") and value.isdecimal()
        if value and not a_count and SECRET_NAMES.search(name.upper()):
            raise ValueError(f"is a secret by its name; {ELSEWHERE}")
        if SECRET_VALUES.search(value):
            raise ValueError(f"looks like a key or an address with a password; {ELSEWHERE}")
    return environment


Environment = Annotated[dict[VariableName, VariableValue], AfterValidator(_without_secrets)]


def _day(text: str) -> str:
    """A deviation whose day is one of the calendar.

    Raises:
        ValueError: There is no such day.
    """
    try:
        date.fromisoformat(text[6:16])
    except ValueError:
        raise ValueError(f"names a day that does not exist: {text[6:16]}") from None
    return text


AuditRule = Annotated[str, Field(pattern=r"^C(0[1-9]|1[0-9]|2[0-5])$"), Form("a rule of the audit, C01 to C25")]
Deviation = Annotated[
    str,
    Field(pattern=r"^until \d{4}-\d{2}-\d{2}: \S", max_length=1000),
    AfterValidator(_day),
    Form("a day and a reason, such as until 2027-12-31: models can be pulled again"),
]


def plain(annotation: Any) -> str:
    """An annotation as source text, without its metadata: `str | None`, `dict[str, str]`, `tuple[str, ...]`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return plain(arguments[0])
    if origin in (Union, types.UnionType):
        return " | ".join(plain(argument) for argument in arguments)
    if origin is Literal:
        return f"Literal[{', '.join(json.dumps(argument) for argument in arguments)}]"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(plain(argument) for argument in arguments)}]"
    if annotation is type(None) or annotation is Ellipsis:
        return "None" if annotation is type(None) else "..."
    return str(annotation.__name__)


def unit(field: FieldInfo) -> str:
    """What a parameter counts; empty where it counts nothing."""
    return next((mark.name for mark in _marks(field) if isinstance(mark, Unit)), "")


def bounds(field: FieldInfo) -> str:
    """What values a parameter takes, in words that follow "expected"."""
    kind, marks = plain(field.annotation), tuple(_marks(field))
    forms = [mark.words for mark in marks if isinstance(mark, Form)]
    if kind.startswith("Literal"):
        *names, last = (str(value) for value in get_args(field.annotation))
        return f"{', '.join(names)} or {last}"
    if kind.startswith("bool"):
        return "true or false"
    if kind.startswith("dict"):
        return f"a mapping; each key is {forms[0]}, each value {forms[1]}"
    if kind.startswith("tuple"):
        return f"a list; each item is {forms[0]}"
    if kind.startswith(("int", "float")):
        return f"a {'whole ' if kind.startswith('int') else ''}number {_range(marks)}"
    between = "".join(f", from {mark.low} to {mark.high}" for mark in marks if isinstance(mark, Between))
    return (forms[0] if forms else "text") + between


def _range(marks: tuple[Any, ...]) -> str:
    """The bounds of a number in words."""
    words = []
    for mark in marks:
        if isinstance(mark, annotated_types.Ge):
            words.append(f"from {mark.ge}")
        elif isinstance(mark, annotated_types.Gt):
            words.append(f"above {mark.gt}")
        elif isinstance(mark, annotated_types.Le):
            words.append(f"to {mark.le}" if words and words[0].startswith("from") else f"and at most {mark.le}")
    return " ".join(words)


def _marks(field: FieldInfo) -> Iterator[Any]:
    """The metadata of a parameter: its own, then what its annotation carries inside."""
    yield from field.metadata
    yield from _inner_marks(field.annotation)


def _inner_marks(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        for mark in arguments[1:]:
            yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)
        arguments = arguments[:1]
    for argument in arguments if get_origin(annotation) is not Literal else ():
        yield from _inner_marks(argument)
