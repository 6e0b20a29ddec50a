"""Deliberate defects, one at a time, to see which of them the machine finds in its few towns of every run.

By hand: ``python -m tests.walk.breaks [NAME …]`` prints one line for each. CALLBOARD_FUZZ has it look longer.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from unittest import mock

from hypothesis.stateful import run_state_machine_as_test

from callboard.config import ForgeKind
from callboard.forges.github import GitHub
from callboard.forges.gitlab import GitLab
from callboard.git.repository import Repository
from callboard.pulls import approvals, asked, decide, rules
from callboard.walk import acting, commanding, following, history, proposing, pushing, reconcile, sync
from tests.walk import test_machine, test_served_walks
from tests.walk.house import REPOSITORY
from tests.walk.machine.walks import grounds

Patches = Iterator[Any]


def _unpinned_merge() -> Patches:
    forges: tuple[tuple[Any, ForgeKind], ...] = ((GitHub, "github"), (GitLab, "gitlab"))
    for forge, kind in forges:
        merge = forge.merge

        def unpinned(
            self: Any, number: int, *, head: str, merge: Any = merge, kind: Any = kind, **more: Any
        ) -> Any:
            del head
            pull = grounds(kind).forge.pull(REPOSITORY, number)
            return merge(self, number, head=pull.head, **more)

        yield mock.patch.object(forge, "merge", unpinned)


def _stale_approvals() -> Patches:
    yield mock.patch.object(approvals, "_other_content", return_value=None)


def _no_lease() -> Patches:
    push = Repository.push

    def pushed(self: Repository, updates: Mapping[str, Any]) -> Any:
        self.fetch("main", "callboard/")
        heads = self.heads()
        return push(self, {branch: (heads.get(branch), new) for branch, (_, new) in updates.items()})

    yield mock.patch.object(Repository, "push", pushed)


def _strangers_obeyed() -> Patches:
    yield mock.patch.object(commanding, "refused", return_value=False)


def _pause_ignored() -> Patches:
    for module in (reconcile, sync):
        yield mock.patch.object(module, "pause_reason", return_value=None)


def _checks_ignored() -> Patches:
    yield mock.patch.object(decide, "unchecked", return_value=())


def _any_source_of_a_check() -> Patches:
    required = rules._required
    yield mock.patch.object(
        rules, "_required", lambda one, named: required(one.model_copy(update={"source": None}), named)
    )


def _refusals_forgotten() -> Patches:
    yield mock.patch.object(proposing, "is_declined", return_value=None)


def _deletion_without_pull_request() -> Patches:
    push = pushing.push_groups

    def pushed(workplace: Any, base: Any, groups: Mapping[str, Any], *more: Any) -> Any:
        gone = {branch: one for branch, one in groups.items() if one[1].changes[0].change.kind == "removed"}
        for _, group in gone.values():
            commit = workplace.repository.build(
                base.commit, group.files, "Remove\n", workplace.forge.commit_author()
            )
            workplace.repository.push({"main": (base.commit, commit)})
        return push(workplace, base, groups, *more)

    yield mock.patch.object(sync, "push_groups", pushed)


def _others_merged() -> Patches:
    yield mock.patch.object(decide, "_not_ours", return_value=())


def _bytes_not_compared() -> Patches:
    yield mock.patch.object(following, "differing_paths", return_value=())


def _hold_ignored() -> Patches:
    yield mock.patch.object(decide, "_held", return_value=())


def _strangers_approve() -> Patches:
    problem = approvals._problem

    def trusting(facts: Any, review: Any) -> Any:
        return problem(facts, dataclasses.replace(review, author_can_write=True))

    yield mock.patch.object(approvals, "_problem", trusting)


def _objections_ignored() -> Patches:
    yield mock.patch.object(approvals, "_stands", return_value=False)


def _titles_overwritten() -> Patches:
    yield mock.patch.object(sync, "is_our_title", return_value=True)
    yield mock.patch.object(sync, "is_our_body", return_value=True)


def _peoples_commits_overwritten() -> Patches:
    yield mock.patch.object(decide, "_moved_by_people", return_value=())
    yield mock.patch.object(history.History, "made_by_us", return_value=True)


def _two_for_one_folder() -> Patches:
    yield mock.patch.object(proposing, "folders_of", return_value=frozenset())


def _edited_commands_obeyed() -> Patches:
    waiting = asked.waiting

    def unedited(*asked: Any, **more: Any) -> Any:
        return tuple(
            dataclasses.replace(one, comment=dataclasses.replace(one.comment, edited=False))
            for one in waiting(*asked, **more)
        )

    yield mock.patch.object(commanding, "waiting", unedited)


def _never_merges() -> Patches:
    yield mock.patch.object(acting, "_merge", return_value="nothing")


BREAKS: Mapping[str, Callable[[], Patches]] = {
    "nothing is broken": lambda: iter(()),
    "unpinned merge": _unpinned_merge,
    "approval counted after a change of content": _stale_approvals,
    "lease off": _no_lease,
    "commands of strangers obeyed": _strangers_obeyed,
    "edited commands obeyed": _edited_commands_obeyed,
    "pause ignored": _pause_ignored,
    "checks ignored": _checks_ignored,
    "a required check by anybody": _any_source_of_a_check,
    "refusals forgotten": _refusals_forgotten,
    "deletion without a pull request": _deletion_without_pull_request,
    "pull requests of others merged": _others_merged,
    "registered without comparing bytes": _bytes_not_compared,
    "hold ignored": _hold_ignored,
    "approvals of strangers counted": _strangers_approve,
    "objections ignored": _objections_ignored,
    "titles and texts of people overwritten": _titles_overwritten,
    "commits of people overwritten": _peoples_commits_overwritten,
    "two pull requests for one model": _two_for_one_folder,
    "nothing is ever merged": _never_merges,
}


def _machines() -> dict[Any, Any]:
    return {**test_machine.MACHINES, **test_served_walks.MACHINES}


def main(names: list[str]) -> None:
    for name in names or BREAKS:
        print(f"{name}:", flush=True)
        for machine, case in _machines().items():
            began, found = time.monotonic(), "not found"
            with ExitStack() as broken:
                grounds(machine.kind)
                for patch in BREAKS[name]():
                    broken.enter_context(patch)
                try:
                    run_state_machine_as_test(machine, settings=case.settings)
                except BaseException as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    found = f"found: {type(error).__name__}: {str(error).splitlines()[:1]}"
            # The others would find it too, or not: one is enough.
            print(f"  {machine.__name__:20} {time.monotonic() - began:6.1f} s  {found[:150]}", flush=True)
            if found != "not found":
                break


if __name__ == "__main__":
    main(sys.argv[1:])
