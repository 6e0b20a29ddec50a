"""What the outputs share."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from callboard.validation.diagnostics import Diagnostic, Report

_STDIN = "-"
# Control characters, line separators, and the marks that turn the direction of text around.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def one_line(text: str) -> str:
    """Text from outside with everything escaped that a terminal or the log of a runner would act upon."""
    visible = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    # GitHub's runner takes this for a command wherever in a line it stands.
    return visible.replace("##[", "##\\[")


def counted(number: int, one: str) -> str:
    """``1 file``, ``2 files``; ``one`` takes a plural with s, or with ies for y."""
    if number == 1:
        return f"1 {one}"
    return f"{number:,} {one[:-1]}ies" if one.endswith("y") else f"{number:,} {one}s"


def summary(report: Report) -> str:
    """One sentence: how much was checked, and what was found."""
    errors = len(of_severity(report, "error"))
    warnings = len(report.diagnostics) - errors
    checked = f"{counted(report.entities, 'entity')} in {counted(report.files, 'file')}"
    return f"{checked}: {counted(errors, 'error')}, {counted(warnings, 'warning')}"


def of_severity(report: Report, severity: str) -> list[Diagnostic]:
    """The diagnostics of one severity."""
    return [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == severity]


def relative(file: str, top: Path) -> str:
    """The file as forges know it: from the top of its repository, with no link above it."""
    if file == _STDIN:
        return file
    folder, _, name = os.path.abspath(file).rpartition(os.sep)  # noqa: PTH100 - of each of many diagnostics
    return f"{_from(top, folder or os.sep)}{name}"


@lru_cache(maxsize=64)
def _from(top: Path, folder: str) -> str:
    with suppress(ValueError):  # no path of this system
        folder = os.path.realpath(folder)
    between = os.path.relpath(folder, top).replace(os.sep, "/")
    return "" if between == "." else f"{between}/"


def line_of(files: Mapping[str, bytes], one: Diagnostic, lines: dict[str, list[str]]) -> str:
    """The source line that a diagnostic is about, or nothing; ``lines`` remembers those of the files."""
    if one.file not in lines:
        text = files.get(one.file, b"").decode("utf-8", "replace").removeprefix("\ufeff")
        lines.clear()
        lines[one.file] = text.split("\n")
    source = lines[one.file]
    return source[one.line - 1] if one.line <= len(source) else ""


def fingerprints(report: Report, files: Mapping[str, bytes], top: Path) -> Iterator[str]:
    """What each diagnostic is known by from run to run: it stays when lines above it come and go.

    Made of the file, the code, the entity and the text of the line. What is equal in all of them is numbered.
    """
    seen: Counter[str] = Counter()
    lines: dict[str, list[str]] = {}
    for one in report.diagnostics:
        parts = (relative(one.file, top), one.code, one.entity or "", line_of(files, one, lines).strip())
        known_by = "\0".join(parts)
        seen[known_by] += 1
        text = f"{known_by}\0{seen[known_by]}".encode("utf-8", "surrogatepass")
        yield hashlib.sha256(text).hexdigest()
