"""A repository or base branch that was renamed: which registered locations are from before, and move here.

Backstage knows a catalog file by its address, which holds the names of the repository and of the branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote

from callboard.forges.protocol import About, ForgeError
from callboard.walk.workplace import Workplace

_BRANCH = "BRANCH"


def at_its_name(workplace: Workplace) -> tuple[Workplace, About]:
    """The workplace at the repository's present name, and what the forge says about it. One read.

    Raises ForgeError.
    """
    about = workplace.forge.about(workplace.config.catalog.base)
    asked = workplace.forge.repository
    if about.repository.lower() == asked.lower():
        return workplace, about
    address = _address(workplace)
    moved = workplace.at(about.repository)
    catalog = workplace.config.catalog
    # What was registered from the address that is configured is from before, too.
    former = tuple(dict.fromkeys((*catalog.formerly, address)))
    config = workplace.config.model_copy(update={"catalog": catalog.model_copy(update={"formerly": former})})
    return replace(moved, config=config, scope=workplace.scope), about


def former_folders(workplace: Workplace, targets: Iterable[str]) -> tuple[str, ...]:
    """The addresses that our catalog's folder had before, of those that registered targets are below.

    A branch is a former one only if it is gone, and a repository only if the forge says that it is this one
    now: what others keep under these addresses is theirs. So is what people pinned to a tag or a commit, and
    what stands in another folder of a branch that is there: an address does not tell where its name ends.
    """
    catalog, forge = workplace.config.catalog, workplace.forge
    here = _address(workplace)
    gone: dict[str, bool] = {catalog.base: True}
    form = re.escape(forge.file_url(catalog.path, _BRANCH).removeprefix(here)).replace(_BRANCH, "([^?#]+?)")
    ending = r"/(?!\.{1,2}/)[A-Za-z0-9._-]+/catalog-info\.yaml"
    found: list[str] = []
    for address in dict.fromkeys((here, *(one.rstrip("/") for one in catalog.formerly))):
        pattern = re.compile(re.escape(address) + f"({form}){ending}")
        seen = {
            match.group(1): unquote(match.group(2)) for one in targets if (match := pattern.fullmatch(one))
        }
        if address == here:
            seen = {folder: branch for folder, branch in seen.items() if branch != catalog.base}
        if not seen or (address != here and not _is_here_now(workplace, address)):
            continue
        for folder, branch in sorted(seen.items()):
            if branch not in gone:
                gone[branch] = _is_gone(workplace, branch)
            if gone[branch]:
                found.append(f"{address}{folder}")
    return tuple(found)


def _is_gone(workplace: Workplace, branch: str) -> bool:
    """Whether this can only have been a branch that is not there any more."""
    if re.fullmatch("[0-9a-f]{7,64}", branch):
        return False
    parts = branch.split("/")
    beginnings = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return not workplace.repository.has_any(beginnings)


def _address(workplace: Workplace) -> str:
    return workplace.forge.git_url.removesuffix(".git")


def _is_here_now(workplace: Workplace, address: str) -> bool:
    """Whether the forge leads from a former address to this repository."""
    web = _address(workplace).removesuffix(f"/{workplace.forge.repository}")
    if not address.startswith(f"{web}/"):
        return False
    try:
        about = workplace.at(address.removeprefix(f"{web}/")).forge.about(workplace.config.catalog.base)
    except ForgeError:
        return False
    return about.repository.lower() == workplace.forge.repository.lower()
