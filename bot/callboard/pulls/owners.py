"""Whose approval a CODEOWNERS file asks for, for given paths. GitHub and GitLab read it differently.

Rules: "About code owners" in GitHub's documentation; "Code Owners: syntax" and "advanced" in GitLab's. The
file to judge by is that of the base branch: the head's would let a pull request name its own owners.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from callboard.config import ForgeKind
from callboard.expressions import holds, literally

PLACES: Mapping[ForgeKind, tuple[str, ...]] = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}
"""Where a forge looks for the file; it takes the first that is there."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody whom the file names."""

    kind: Literal["user", "group", "user-or-group", "email", "role"]
    """``user-or-group``: GitLab writes both alike. ``email`` and ``role``: no forge tells whose it is."""
    name: str
    """Lower case; without its ``@`` for users and groups."""

    def __str__(self) -> str:
        return {"email": "", "role": "@@"}.get(self.kind, "@") + self.name


@dataclass(frozen=True, slots=True)
class Requirement:
    """Paths that need the approval of so many of these owners."""

    paths: tuple[str, ...]
    owners: tuple[Owner, ...]
    approvals: int = 1
    section: str = ""
    """GitLab's section, for people."""


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    """A regular expression for a whole path; empty where it matches nothing."""
    owners: tuple[Owner, ...]
    excludes: bool = False


@dataclass(slots=True)
class _Section:
    name: str
    rules: list[_Rule]
    optional: bool = True
    approvals: int = 1


def required_owners(text: str, kind: ForgeKind, paths: Iterable[str]) -> tuple[Requirement, ...]:
    """What the code owners file asks for when these paths change. A path without owners asks for nothing."""
    sections = _github(text) if kind == "github" else _gitlab(text)
    found: dict[tuple[str, tuple[Owner, ...], int], list[str]] = {}
    for section in sections:
        if section.optional:
            continue
        for path in sorted(set(paths)):
            if owners := _owners_of(path, section.rules):
                found.setdefault((section.name, owners, section.approvals), []).append(path)
    return tuple(
        Requirement(tuple(of), owners, approvals, name) for (name, owners, approvals), of in found.items()
    )


def groups_of(owners: Iterable[Owner]) -> frozenset[str]:
    """The groups whose members must be known to tell who is among these owners."""
    return frozenset(owner.name for owner in owners if owner.kind in ("group", "user-or-group"))


def owners_named(words: Iterable[str], kind: ForgeKind) -> tuple[Owner, ...]:
    """Those whom words such as ``@ann`` and ``@acme/leads`` name on this forge."""
    if kind == "gitlab":
        return _owners_on_gitlab(" ".join(words))
    # Left out, somebody whom this forge cannot have would open the way to everybody.
    return tuple(_owner_on_github(word) or Owner("user", word.removeprefix("@").lower()) for word in words)


def _owners_of(path: str, rules: list[_Rule]) -> tuple[Owner, ...]:
    if any(rule.excludes and holds(path, rule.pattern) for rule in rules):
        return ()
    return next((rule.owners for rule in reversed(rules) if holds(path, rule.pattern)), ())


@lru_cache(maxsize=4)  # one file is asked about for each of many pull requests
def _github(text: str) -> list[_Section]:
    rules: list[_Rule] = []
    for line in text.split("\n"):
        words = _words(line, comments=True)
        if not words or words[0].startswith(("!", "\\#")) or {"[", "]"} & set(words[0]):
            continue
        owners = [_owner_on_github(word) for word in words[1:]]
        # GitHub skips a line with anything wrong in it.
        if None not in owners and (pattern := _github_pattern(words[0])):
            rules.append(_Rule(pattern, tuple(owner for owner in owners if owner)))
    return [_Section("", rules, optional=False)]


def _owner_on_github(word: str) -> Owner | None:
    name = word.removeprefix("@").lower()
    if word.startswith("@") and re.fullmatch(r"[a-z0-9_-]+(\[bot\])?", name):
        return Owner("user", name)
    if word.startswith("@") and re.fullmatch(r"[a-z0-9_-]+/[a-z0-9_-][a-z0-9._-]*", name):
        return Owner("group", name)
    return Owner("email", word.lower()) if _EMAIL.fullmatch(word) else None


_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


def _words(line: str, *, comments: bool) -> list[str]:
    """The words of a line; a space after a backslash belongs to its word."""
    words = re.findall(r"(?:\\.|[^\s\\]|\\$)+", line.strip())
    end = next((index for index, word in enumerate(words) if word.startswith("#")), len(words))
    if not comments:
        end = 0 if end == 0 else len(words)
    return words[:end]


def _github_pattern(pattern: str) -> str:
    """As in a .gitignore, but that ``folder/*`` names the files right in the folder only."""
    if "***" in pattern or pattern == "/":
        return ""
    if pattern in ("**", "/**"):
        return r"\A.+\z"
    parts = pattern.split("/")
    if parts[0] == "":
        parts = parts[1:]
    elif "/" not in pattern.rstrip("/"):
        parts = ["**", *parts]
    below = ""
    if parts[-1] in ("", "**"):
        parts, below = parts[:-1], "/.+"
    elif not (parts[-1] == "*" and len(parts) > 1 and parts[:-1] != ["**"]):
        below = "(/.*)?"
    return rf"\A{_joined(parts)}{below}\z"


def _joined(parts: list[str], *, sets: bool = False) -> str:
    """The parts of a path pattern, ``**`` for any number of folders, with slashes between them."""
    written = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**" and not last:
            written += "(.+/)?"
        else:
            written += _part(part, sets=sets) + ("" if last else "/")
    return written


def _part(part: str, *, sets: bool) -> str:
    tokens = re.compile(
        r"\\(.)|(\*+)|(\?)|(\[[!^]?[^\]/]+\])|(.)" if sets else r"\\(.)|(\*+)|(\?)|()(.)", re.DOTALL
    )
    written = ""
    for found in tokens.finditer(part):
        escaped, stars, one, several, plain = found.groups()
        if stars:
            written += "[^/]*"
        elif one:
            written += "[^/]"
        elif several:
            written += _set(several[1:-1])
        else:
            written += literally(escaped or plain)
    return written


def _set(content: str) -> str:
    """One character out of a set, such as ``a-z`` or ``!0-9``."""
    excludes = content[0] in "!^"
    content = content[1:] if excludes else content
    items = ""
    for first, last in re.findall(r"(.)(?:-(.))?", content, re.DOTALL):
        if not last:
            items += literally(first)
        elif first <= last:
            items += f"{literally(first)}-{literally(last)}"
    if not items:
        return "[^/]" if excludes else r"[^\s\S]"
    return f"[^/{items}]" if excludes else f"[{items}]"


_HEADING = re.compile(r"(\^?)\[([^\]]+)\](?:\[([^\]]*)\])?(?:\s+(.*))?")


@lru_cache(maxsize=4)
def _gitlab(text: str) -> list[_Section]:
    """Sections of one name are one. It is optional where all of its headings say so."""
    current = _Section("", [], optional=False)
    sections, defaults = {"": current}, ""
    for line in map(str.strip, text.split("\n")):
        if not line or line.startswith("#"):
            continue
        if heading := _HEADING.fullmatch(line):
            optional, name, approvals, owners = heading.groups()
            current = sections.setdefault(name.strip().lower(), _Section(name.strip(), []))
            current.optional = current.optional and bool(optional)
            current.approvals = max(current.approvals, _count(approvals or ""))
            defaults = owners or ""
            continue
        pattern, *words = _words(line, comments=False)
        excludes = pattern.startswith("!")
        owners_of = _owners_on_gitlab(" ".join(words) or defaults)
        rule = _Rule(_gitlab_pattern(pattern.removeprefix("!")), () if excludes else owners_of, excludes)
        current.rules.append(rule)
    return list(sections.values())


def _count(written: str) -> int:
    # A person counts once, so that no file can ask for more than there are.
    return max(1, int(written)) if re.fullmatch(r"[0-9]{1,3}", written) else 1


def _owners_on_gitlab(text: str) -> tuple[Owner, ...]:
    """Malformed ones are left out, as GitLab does."""
    found: dict[Owner, None] = {}
    for word in text.lower().split():
        if re.fullmatch(r"@@[a-z]+", word):
            found[Owner("role", word.removeprefix("@@"))] = None
        elif re.fullmatch(r"@[\w.-]+(/[\w.-]+)+", word):
            found[Owner("group", word.removeprefix("@"))] = None
        elif re.fullmatch(r"@[\w.-]+", word):
            found[Owner("user-or-group", word.removeprefix("@"))] = None
        elif _EMAIL.fullmatch(word):
            found[Owner("email", word)] = None
    return tuple(found)


def _gitlab_pattern(pattern: str) -> str:
    """As Ruby's File.fnmatch does with FNM_PATHNAME and FNM_DOTMATCH, which is how GitLab matches."""
    if pattern == "*":
        return r"\A.+\z"
    rooted = pattern.removeprefix("/") if pattern.startswith("/") else f"**/{pattern}"
    if rooted.endswith("/") or not rooted:
        rooted += "**/*"
    return rf"\A{_joined(rooted.split('/'), sets=True)}\z"
