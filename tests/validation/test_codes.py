"""Every code that the source can say has its place in docs/diagnostics.md, and every place there its code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PLACES = ("checking", "cli/validate.py", "documents", "validate.py", "validation", "walk")
ROOMS = [CHECKOUT / "bot" / "callboard" / name for name in PLACES]
PAGE = CHECKOUT / "docs" / "diagnostics.md"
_CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")


@cache
def modules() -> list[ast.Module]:
    paths = [path for room in ROOMS for path in (room.rglob("*.py") if room.is_dir() else [room])]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(paths)]


def nodes() -> Iterator[ast.AST]:
    for module in modules():
        yield from ast.walk(module)


def documented() -> set[str]:
    return set(re.findall(r"^### ([a-z0-9-]+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


@cache
def takers() -> dict[str, int]:
    """What takes a code: the name of each function or class, and the position of the code."""
    found: dict[str, int] = {}
    for node in nodes():
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            names = [one.arg for one in node.args.args if one.arg != "self"]
        elif isinstance(node, ast.ClassDef):
            fields = [one.target for one in node.body if isinstance(one, ast.AnnAssign)]
            names = [one.id for one in fields if isinstance(one, ast.Name)]
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                    names = [one.arg for one in inner.args.args if one.arg != "self"]
        else:
            continue
        if "code" in names:
            found[node.name] = names.index("code")
    return found


def said() -> set[str]:
    """Each code that is written where one is taken; ``*`` stands for what a name fills in."""
    codes: set[str] = set()
    for node in nodes():
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in takers():
                given = node.args[takers()[name] :][:1]
                given += [one.value for one in node.keywords if one.arg == "code"]
                codes |= {code for one in given for code in texts(one)}
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(getattr(one, "id", "").endswith("_CODES") for one in targets):
                codes |= {code for one in node.value.values for code in texts(one)}
    return codes


def texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "*" for one in node.values)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def test_the_search_finds_what_says_codes() -> None:
    assert {"Finding", "Fault", "Refused", "Diagnostic"} <= takers().keys()
    assert {"yaml-syntax", "missing-field", "*-format", "unreadable-file", "not-a-plain-file"} <= said()


# Of a policy file, only the place and the words are told.
@pytest.mark.parametrize("code", sorted(said() - {"config-value"}))
def test_every_code_is_documented(code: str) -> None:
    pattern = re.compile(re.escape(code).replace(r"\*", r"[a-z0-9-]+"))
    assert any(pattern.fullmatch(one) for one in documented()), f"{code} has no place in {PAGE.name}"


def test_every_documented_code_can_be_said() -> None:
    words = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    parts = [code.removeprefix("*") for code in said() if code.startswith("*")]
    filled = {f"{word}{part}" for word in words if _CODE.fullmatch(word) for part in parts}

    assert documented() - words - filled == set()
