"""The parameters cell of a notebook: what its lines say, and whether they agree with `runbook.parameters`.

A line is a name, its type, a literal default, and what it means:
`memory_limit: str | None = None  # memory limit of the pod; None takes the target's`.

papermill 2.7 reads such cells with a regular expression that knows no `|`, `Literal["a"]` or `tuple[str, ...]`, nor a
second `=` on a line: it warns about each such parameter, and takes a tuple for a text. `teach_papermill` gives it a
reader of Python instead.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from runbook.parameters import Parameters, annotation_of, row
from runbook.targets.values import nearest

OWN = ("target", "run")
"""Parameters of every notebook itself: which target, and which run folder."""

OWN_OF = {"90_rollback": ("remove",), "92_practice": ("practice",)}
"""Further parameters of single notebooks, by the notebook's name, which no target has."""


def own_parameters(notebook: str) -> tuple[str, ...]:
    """The names in a notebook's parameters cell that are its own and not the target's."""
    return (*OWN, *OWN_OF.get(notebook, ()))


@dataclass(frozen=True)
class CellParameter:
    """One line of a parameters cell.

    Attributes:
        name: The variable.
        annotation: Its type as written, without quotes around it; empty where there is none.
        default: Its default as written.
        meaning: The comment behind it; empty where there is none.
        line: Its line in the cell, from 1.
    """

    name: str
    annotation: str
    default: str
    meaning: str
    line: int


def read_cell(source: str) -> tuple[CellParameter, ...]:
    """The parameters of a cell, in order.

    Raises:
        SyntaxError: The cell is not Python.
    """
    comments = dict(_comments(source))
    return tuple(
        CellParameter(name, *_described(statement, comments, default), statement.lineno)
        for statement in ast.parse(source).body
        for name, default in _assigned(statement, source)
    )


def cell_line(name: str) -> str:
    """The line of a parameters cell that lets a notebook override a parameter of its target.

    Raises:
        KeyError: There is no such parameter.
    """
    kind = annotation_of(name)
    optional = kind if kind.endswith("| None") else f"{kind} | None"
    if "Literal" in optional:
        # A cell runs its annotations, and a parameters cell has no imports.
        optional = f'"{ast.unparse(ast.parse(optional))}"'
    counted = f", in {row(name).unit}" if kind.startswith(("int", "float")) and row(name).unit else ""
    return f"{name}: {optional} = None  # {row(name).meaning}{counted}; None takes the target's"


def disagreements(source: str, *, own: Collection[str] = OWN) -> tuple[str, ...]:
    """What in a parameters cell does not fit `Parameters`, as sentences; empty for a good cell.

    A good line has a name of `Parameters`, the parameter's type, where it may add `None`, a literal default and a
    comment.

    Args:
        source: The cell.
        own: Names that belong to the notebook itself and may have any type.
    """
    try:
        parameters = read_cell(source)
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        return (f"the cell is not Python: {error}",)
    known = {parameter.line for parameter in parameters}
    others = [statement.lineno for statement in ast.parse(source).body if statement.lineno not in known]
    problems = [f"line {line}: is no parameter" for line in others]
    problems += [f"line {item.line}: {problem}" for item in parameters for problem in _problems(item, own)]
    return tuple(problems)


def teach_papermill() -> None:
    """Let papermill, in this process, read parameters cells as Python, and inject tuples as tuples."""
    from papermill.models import Parameter
    from papermill.translators import PythonTranslator, papermill_translators

    class AnnotatedPython(PythonTranslator):  # type: ignore[misc]
        """Python whose annotations papermill's own pattern does not know."""

        @classmethod
        def inspect(cls, parameters_cell: Any) -> Any:
            try:
                parameters = read_cell(parameters_cell["source"])
            except (SyntaxError, ValueError, tokenize.TokenError):
                return super().inspect(parameters_cell)
            return [Parameter(item.name, item.annotation or "None", item.default, item.meaning) for item in parameters]

        @classmethod
        def translate(cls, val: Any) -> Any:
            if isinstance(val, tuple):
                inside = ", ".join(str(cls.translate(item)) for item in val)
                return f"({inside},)" if val else "()"
            return super().translate(val)

    papermill_translators.register("python", AnnotatedPython)


def _assigned(statement: ast.stmt, source: str) -> Iterator[tuple[str, str]]:
    """The name and the default that a statement assigns; nothing where it is another statement."""
    if not isinstance(statement, ast.AnnAssign | ast.Assign):
        return
    target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
    value = statement.value
    if isinstance(target, ast.Name) and value is not None:
        yield target.id, ast.get_source_segment(source, value) or ast.unparse(value)


def _described(statement: ast.stmt, comments: dict[int, str], default: str) -> tuple[str, str, str]:
    """Annotation, default and meaning; the comment behind the last line of a value counts, else behind its first."""
    comment = comments.get(statement.end_lineno or 0) or comments.get(statement.lineno, "")
    if isinstance(statement, ast.AnnAssign):
        return _unquoted(statement.annotation), default, comment
    if match := re.match(r"type:\s*(\S+)\s*(.*)", comment):
        return match[1], default, match[2]
    return "", default, comment


def _unquoted(annotation: ast.expr) -> str:
    """An annotation, also out of quotes: `"Literal['a']"` needs no import."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return ast.unparse(annotation)


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ").rstrip()


def _problems(item: CellParameter, own: Collection[str]) -> Iterator[str]:
    if not item.meaning:
        yield f"{item.name} has no comment that says what it means"
    if not _is_literal(item.default):
        yield f"the default of {item.name} is not a literal: {item.default}"
    if item.name in own:
        return
    if item.name not in Parameters.model_fields:
        near = nearest(item.name, tuple(Parameters.model_fields))
        yield f"{item.name} is no parameter" + (f"; the nearest is {near}" if near else "")
        return
    if not _fits(item.annotation, annotation_of(item.name)):
        yield f"{item.name} is annotated {item.annotation or 'not at all'}, expected {annotation_of(item.name)}"


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def _fits(annotation: str, expected: str) -> bool:
    """Whether an annotation is the parameter's own type, where it may add None."""
    try:
        return _members(annotation) | {"None"} == _members(expected) | {"None"}
    except SyntaxError:
        return False


def _members(annotation: str) -> set[str]:
    """The members of a union, each in one spelling; papermill injects a tuple's JSON, so a list is as good."""
    return {
        member.strip().replace("tuple[str, ...]", "list[str]")
        for member in ast.unparse(ast.parse(annotation, mode="eval")).split(" | ")
    }
