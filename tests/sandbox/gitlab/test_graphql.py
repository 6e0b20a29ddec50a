"""GitLab's GraphQL API as the sandbox answers it: what it tells, allows, and does not know."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse

from callboard.forges import gitlab_queries
from callboard.sandbox.gitlab.graphql.complexity import MOST, complexity
from callboard.sandbox.gitlab.graphql.endpoint import is_for_gitlab, schema
from tests.sandbox.forge.conftest import REPOSITORY
from tests.sandbox.gitlab.conftest import GitLabStage


def _cost(query: str, **variables: Any) -> int:
    return complexity(schema(), parse(query), variables)


def _ask(stage: GitLabStage, query: str, login: str | None = "callboard", **variables: Any) -> Any:
    headers = {"private-token": stage.tokens[login]} if login else {}
    body = {"query": query, "variables": variables}
    return stage.client.request("POST", f"{stage.forge.url}/api/graphql", json=body, headers=headers).json()


IIDS = """query($project: ID!, $first: Int, $last: Int, $after: String) {
  project(fullPath: $project) {
    mergeRequests(sort: CREATED_ASC, first: $first, last: $last, after: $after) {
      nodes { iid } pageInfo { hasNextPage endCursor }
    }
  }
}"""


def test_a_field_costs_one_and_two_when_it_reads_the_repository() -> None:
    assert _cost("{ currentUser { id } }") == 2
    assert _cost('{ project(fullPath: "x") { fullPath repository { rootRef } } }') == 1 + 1 + (1 + 2) + 0


def test_a_list_costs_a_hundredth_more_for_each_row_that_it_may_have() -> None:
    # What is below (nodes, iid) and the field itself and its order, doubled by a page of a hundred.
    assert _cost('{ project(fullPath: "x") { mergeRequests(first: 100) { nodes { iid } } } }') == 1 + 8
    assert _cost('{ project(fullPath: "x") { mergeRequests { nodes { iid } } } }') == 1 + 8
    assert _cost('{ project(fullPath: "x") { mergeRequests(first: 50) { nodes { iid } } } }') == 1 + 6
    assert _cost('{ project(fullPath: "x") { mergeRequests(iids: ["1"]) { nodes { iid } } } }') == 1 + 4


def test_fragments_count_where_they_are_spread() -> None:
    plain = '{ project(fullPath: "x") { fullPath id } }'
    spread = '{ project(fullPath: "x") { ...F ... { id } } } fragment F on Project { fullPath }'

    assert _cost(plain) == _cost(spread)


@pytest.mark.parametrize(
    "query",
    [gitlab_queries.ABOUT, gitlab_queries.OPEN, gitlab_queries.STATUSES, gitlab_queries.FINISHED],
)
def test_what_we_ask_is_below_what_even_a_stranger_may_ask(query: str) -> None:
    assert _cost(query, project="acme/x", label="x", author="x") < 200 < MOST


def test_too_complex_a_query_is_refused_as_gitlab_does(stage: GitLabStage) -> None:
    fields = " ".join(f"f{number}: diffHeadSha" for number in range(80))
    query = f'{{ project(fullPath: "{REPOSITORY}") {{ mergeRequests {{ nodes {{ {fields} }} }} }} }}'

    (error,) = _ask(stage, query)["errors"]

    assert error["message"] == f"Query has complexity of {_cost(query)}, which exceeds max complexity of 250"


def test_what_the_cut_of_the_schema_has_not_is_an_error(stage: GitLabStage) -> None:
    told = _ask(stage, '{ project(fullPath: "x") { ciCdSettings { mergeTrainsEnabled } } }')

    assert "Cannot query field 'ciCdSettings'" in told["errors"][0]["message"]
    assert "data" not in told


def test_pages_follow_one_another(stage: GitLabStage) -> None:
    for name in ("one", "two", "three"):
        stage.merge_request(name, files={f"models/{name}": b"x"})

    first = _ask(stage, IIDS, project=REPOSITORY, first=2)["data"]["project"]["mergeRequests"]
    after = first["pageInfo"]["endCursor"]
    rest = _ask(stage, IIDS, project=REPOSITORY, after=after)["data"]["project"]["mergeRequests"]
    last = _ask(stage, IIDS, project=REPOSITORY, last=1)["data"]["project"]["mergeRequests"]
    both = _ask(stage, IIDS, project=REPOSITORY, first=1, last=1)

    assert ([one["iid"] for one in first["nodes"]], first["pageInfo"]["hasNextPage"]) == (["1", "2"], True)
    assert ([one["iid"] for one in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == (["3"], False)
    assert [one["iid"] for one in last["nodes"]] == ["3"]
    assert both["errors"]


def test_nobody_is_nobody_and_sees_what_is_public(stage: GitLabStage) -> None:
    told = _ask(stage, f'{{ currentUser {{ id }} project(fullPath: "{REPOSITORY}") {{ fullPath }} }}', None)

    is_public = not stage.forge.repository(REPOSITORY).private
    assert told["data"] == {"currentUser": None, "project": {"fullPath": REPOSITORY} if is_public else None}


def test_whether_it_conflicts_is_not_worked_out_here(stage: GitLabStage) -> None:
    stage.merge_request("one")
    stage.forge.pull(REPOSITORY, 1).undecided_reads = 1
    query = (
        f'{{ project(fullPath: "{REPOSITORY}") {{ mergeRequests {{ nodes {{ detailedMergeStatus }} }} }} }}'
    )

    for _ in range(2):
        (told,) = _ask(stage, query)["data"]["project"]["mergeRequests"]["nodes"]
        assert told["detailedMergeStatus"] == "UNCHECKED"


def test_a_fault_is_answered_before_or_after_the_work(stage: GitLabStage) -> None:
    for after in (False, True):
        stage.forge.fail_next("gitlab/graphql", 502, after_applying=after)
        answer = stage.client.request(
            "POST",
            f"{stage.forge.url}/api/graphql",
            json={"query": "{ currentUser { id } }"},
            headers={"private-token": stage.tokens["robin"]},
        )
        assert answer.status_code == 502


@pytest.mark.parametrize(
    ("data", "is_ours"),
    [
        (b'{"query": "{ currentUser { id } }"}', True),
        (b'{"query": "{ viewer { login } }"}', False),
        (b'{"query": "{ viewer { login } currentUser { id } }"}', False),
        (b'{"query": "{"}', False),
        (b"no JSON", False),
        (b"{}", False),
    ],
)
def test_the_two_forges_at_one_address_are_told_apart_by_what_is_asked(data: bytes, is_ours: bool) -> None:
    assert is_for_gitlab(data) is is_ours
