"""Our cut of GitHub's GraphQL schema is a true cut, and answers as GitHub does."""

from __future__ import annotations

from typing import Any

import graphql
import pytest

from callboard.sandbox.forge.graphql.endpoint import schema
from tests.contracts.github import Contract
from tests.contracts.github import schema as official_schema
from tests.sandbox.forge.conftest import REPOSITORY, Stage

HERE = {"owner": "acme", "name": "model-catalog"}
LIST = """
query ($owner: String!, $name: String!, $states: [PullRequestState!], $labels: [String!], $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: 50, after: $after, states: $states, labels: $labels,
                 orderBy: {field: CREATED_AT, direction: ASC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number state isDraft merged mergeable mergeStateStatus headRefOid headRepository { nameWithOwner }
        author { __typename login ... on User { databaseId } ... on Bot { databaseId } }
        mergeCommit { oid }
        labels(first: 100) { nodes { name } }
        comments(first: 100) { nodes { databaseId body author { __typename login } } }
        reviews(last: 100) { nodes { state submittedAt author { __typename login } commit { oid } } }
        files(first: 100) { nodes { path changeType } pageInfo { hasNextPage } }
        timelineItems(last: 100, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT]) {
          nodes { ... on HeadRefForcePushedEvent { createdAt beforeCommit { oid } afterCommit { oid } } }
        }
        commits(last: 1) { nodes { commit { statusCheckRollup { state contexts(first: 100) { nodes {
          __typename
          ... on CheckRun { name status conclusion checkSuite { app { slug } } }
          ... on StatusContext { context state creator { login } }
        } } } } } }
      }
    }
  }
}
"""


def ask(stage: Stage, fields: str, login: str = "robin") -> Any:
    start = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {"
    return stage.graphql(login, f"{start} {fields} }} }}", **HERE)


def one(stage: Stage, number: int, fields: str) -> Any:
    answer = ask(stage, f"pullRequest(number: {number}) {{ {fields} }}")
    assert "errors" not in answer, answer
    return answer["data"]["repository"]["pullRequest"]


def named_types() -> list[str]:
    return [name for name in schema().type_map if not name.startswith("__")]


@pytest.mark.parametrize("name", named_types())
def test_each_type_is_as_in_the_official_schema(name: str) -> None:
    ours, theirs = schema().type_map[name], official_schema().type_map[name]
    assert type(ours) is type(theirs)
    if isinstance(ours, graphql.GraphQLEnumType):
        assert isinstance(theirs, graphql.GraphQLEnumType)
        assert ours.values.keys() <= theirs.values.keys()
    elif isinstance(ours, graphql.GraphQLUnionType):
        assert isinstance(theirs, graphql.GraphQLUnionType)
        assert {each.name for each in ours.types} <= {each.name for each in theirs.types}
    elif isinstance(ours, (graphql.GraphQLObjectType, graphql.GraphQLInterfaceType)):
        assert isinstance(theirs, (graphql.GraphQLObjectType, graphql.GraphQLInterfaceType))
        assert {each.name for each in ours.interfaces} <= {each.name for each in theirs.interfaces}
        for field_name, field in ours.fields.items():
            official = theirs.fields[field_name]
            assert str(field.type) == str(official.type)
            for argument_name, argument in field.args.items():
                assert str(argument.type) == str(official.args[argument_name].type)
                assert argument.default_value == official.args[argument_name].default_value
    elif isinstance(ours, graphql.GraphQLInputObjectType):
        assert isinstance(theirs, graphql.GraphQLInputObjectType)
        assert {key: str(value.type) for key, value in ours.fields.items()} == {
            key: str(value.type) for key, value in theirs.fields.items()
        }


def test_one_query_tells_all_that_deciding_about_a_pull_request_needs(stage: Stage) -> None:
    pull = stage.opened("facts")
    old = pull.head
    stage.api("robin", "POST", f"pulls/{pull.number}/reviews", {"event": "APPROVE"})
    new = stage.rewritten("facts")
    stage.api("callboard", "POST", f"statuses/{new}", {"state": "success", "context": "validate"})
    stage.api("ci", "POST", "check-runs", {"name": "docs", "head_sha": new, "conclusion": "failure"})
    stage.api("robin", "POST", f"issues/{pull.number}/labels", {"labels": ["hold"]})
    stage.api("robin", "POST", f"issues/{pull.number}/comments", {"body": "Wait"})
    answer = stage.graphql("callboard", LIST, states=["OPEN"], labels=None, after=None, **HERE)
    assert "errors" not in answer, answer
    [node] = answer["data"]["repository"]["pullRequests"]["nodes"]
    assert node["author"]["databaseId"] == stage.forge.account("callboard").id
    assert (node["headRefOid"], node["mergeable"], node["mergeStateStatus"]) == (new, "MERGEABLE", "UNSTABLE")
    assert node["reviews"]["nodes"][0]["commit"]["oid"] == new
    event = node["timelineItems"]["nodes"][0]
    assert (event["beforeCommit"]["oid"], event["afterCommit"]["oid"]) == (old, new)
    assert event["createdAt"] > node["reviews"]["nodes"][0]["submittedAt"]
    contexts = node["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["contexts"]["nodes"]
    assert {context["__typename"] for context in contexts} == {"CheckRun", "StatusContext"}
    assert contexts[0]["checkSuite"]["app"]["slug"] == "ci"
    assert [label["name"] for label in node["labels"]["nodes"]] == ["hold"]
    assert node["comments"]["nodes"][0]["author"]["login"] == "robin"
    assert node["files"]["nodes"] == [{"path": "models/facts.yaml", "changeType": "ADDED"}]


def test_a_merged_pull_request_is_found_by_label_and_by_branch(stage: Stage) -> None:
    pull = stage.opened("landed")
    stage.api("callboard", "POST", f"issues/{pull.number}/labels", {"labels": ["Pending"]})
    stage.api("callboard", "PUT", f"pulls/{pull.number}/merge", {"merge_method": "squash"})
    stage.opened("other")
    found = stage.graphql("callboard", LIST, states=["MERGED"], labels=["pending"], after=None, **HERE)
    [node] = found["data"]["repository"]["pullRequests"]["nodes"]
    assert (node["number"], node["state"], node["mergeCommit"]["oid"]) == (pull.number, "MERGED", stage.tip())
    last = ask(
        stage, 'pullRequests(first: 1, states: [CLOSED, MERGED], headRefName: "landed") { nodes { number } }'
    )
    assert last["data"]["repository"]["pullRequests"]["nodes"][0]["number"] == pull.number


def test_pull_requests_are_ordered_and_filtered(stage: Stage) -> None:
    for name in ("one", "two", "three"):
        stage.opened(name)
    stage.api("callboard", "PATCH", "pulls/1", {"title": "Touched"})

    def numbers(arguments: str) -> list[int]:
        answer = ask(stage, f"pullRequests(first: 9, {arguments}) {{ nodes {{ number }} }}")
        return [node["number"] for node in answer["data"]["repository"]["pullRequests"]["nodes"]]

    assert numbers("orderBy: {field: UPDATED_AT, direction: DESC}") == [1, 3, 2]
    assert numbers("orderBy: {field: CREATED_AT, direction: ASC}") == [1, 2, 3]
    assert numbers('headRefName: "two"') == [2]
    assert numbers('baseRefName: "other"') == []


def test_pages_go_forward_and_back(stage: Stage) -> None:
    for name in ("one", "two", "three"):
        stage.opened(name)

    def page(arguments: str) -> tuple[list[int], dict[str, Any]]:
        shown = "nodes { number } totalCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage }"
        answer = ask(stage, f"pullRequests({arguments}) {{ {shown} }}")["data"]["repository"]["pullRequests"]
        assert answer["totalCount"] == 3
        return [node["number"] for node in answer["nodes"]], answer["pageInfo"]

    first, info = page("first: 2")
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == ([1, 2], True, False)
    second, last = page(f'first: 2, after: "{info["endCursor"]}"')
    assert (second, last["hasNextPage"], last["hasPreviousPage"]) == ([3], False, True)
    assert page("last: 1")[0] == [3]
    assert page(f'last: 2, before: "{last["startCursor"]}"')[0] == [1, 2]
    assert page("first: 0") == (
        [],
        {"startCursor": None, "endCursor": None, "hasNextPage": True, "hasPreviousPage": False},
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("pullRequests { totalCount }", "provide a `first` or `last`"),
        ("pullRequests(first: 1, last: 1) { totalCount }", "provide a `first` or `last`"),
        ("pullRequests(first: 101) { totalCount }", "exceeds the `first` limit of 100"),
        ('pullRequests(first: 1, after: "x") { totalCount }', "valid cursor"),
        ("pullRequest(number: 99) { title }", "Could not resolve to a PullRequest"),
    ],
)
def test_githubs_rules_for_queries_hold(stage: Stage, fields: str, message: str) -> None:
    assert message in ask(stage, fields)["errors"][0]["message"]


def test_a_query_outside_the_cut_is_an_error(stage: Stage, github_contract: Contract) -> None:
    answer = stage.graphql("robin", "{ viewer { login bio } }")
    assert "Cannot query field 'bio'" in answer["errors"][0]["message"]
    assert "data" not in answer
    mutation = 'mutation { addComment(input: {subjectId: "x", body: "y"}) { clientMutationId } }'
    assert "errors" in stage.graphql("robin", mutation)
    assert stage.forge.log.since()[-1].is_write
    assert stage.graphql("robin", "{ viewer {")["errors"]
    assert "Syntax Error" in github_contract.violations.pop()


def test_repositories_that_the_caller_may_not_read_are_not_there(stage: Stage) -> None:
    stage.forge.add_repository("acme/secret", {"a": b""}, private=True)
    query = '{ repository(owner: "acme", name: "secret") { id } }'
    answer = stage.graphql("mallory", query)
    assert answer["data"]["repository"] is None
    assert "Could not resolve to a Repository" in answer["errors"][0]["message"]


def test_a_bots_login_has_its_suffix_only_as_the_viewer(stage: Stage) -> None:
    stage.branch("by-app")
    stage.api("ci", "POST", "pulls", {"title": "By an app", "head": "by-app", "base": "main"})
    viewer = stage.graphql("ci", "{ viewer { __typename login databaseId } }")["data"]["viewer"]
    author = one(stage, 1, "author { __typename login ... on Bot { databaseId } }")["author"]
    assert (viewer["__typename"], viewer["login"]) == ("User", "ci[bot]")
    assert author == {"__typename": "Bot", "login": "ci", "databaseId": viewer["databaseId"]}


def test_collaborators_are_told_to_writers_only(stage: Stage) -> None:
    fields = (
        'collaborators(first: 10, query: "o") { nodes { login } edges { permission cursor node { login } } }'
    )
    told = ask(stage, fields)["data"]["repository"]["collaborators"]
    assert [(edge["node"]["login"], edge["permission"]) for edge in told["edges"]] == [
        ("callboard", "WRITE"),
        ("robin", "WRITE"),
    ]
    assert told["nodes"] == [{"login": "callboard"}, {"login": "robin"}]
    named = ask(stage, 'collaborators(first: 10, login: "Ada") { edges { permission } }')
    assert named["data"]["repository"]["collaborators"]["edges"] == [{"permission": "ADMIN"}]
    assert "permission" in ask(stage, fields, "mallory")["errors"][0]["message"]


def test_every_field_of_a_pull_request_can_be_read(stage: Stage) -> None:
    stage.opened("whole")
    fields = " ".join(_selection(schema().type_map["PullRequest"], depth=3))
    pull = one(stage, 1, fields)
    assert pull["reviewDecision"] is None
    assert pull["headRef"]["target"]["oid"] == pull["headRefOid"]
    assert (pull["changedFiles"], pull["additions"], pull["deletions"]) == (1, 1, 0)


def test_every_field_of_a_repository_can_be_read(stage: Stage) -> None:
    stage.api("robin", "POST", "labels", {"name": "x"})
    told = ask(
        stage,
        "id databaseId name nameWithOwner url isPrivate isFork viewerPermission owner { id login url } "
        "defaultBranchRef { name prefix } "
        'ref(qualifiedName: "main") { target { ... on Commit { message } } } '
        'none: ref(qualifiedName: "refs/heads/none") { id } label(name: "X") { name color } '
        "labels(first: 1) { nodes { name } }",
    )["data"]["repository"]
    assert (told["nameWithOwner"], told["viewerPermission"]) == (REPOSITORY, "WRITE")
    assert told["ref"]["target"]["message"] == "Start the catalog"
    assert told["defaultBranchRef"] == {"name": "main", "prefix": "refs/heads/"}
    assert told["none"] is None
    assert told["label"]["name"] == "x"
    limit = stage.graphql("robin", "{ rateLimit { cost limit nodeCount remaining resetAt used } }")
    assert limit["data"]["rateLimit"]["remaining"] == 5000


def _selection(kind: Any, depth: int) -> list[str]:
    chosen = []
    for name, field in kind.fields.items():
        inner = graphql.get_named_type(field.type)
        arguments = "(first: 5)" if "first" in field.args else ""
        if name == "timelineItems":
            arguments = "(first: 5, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT])"
        if isinstance(inner, (graphql.GraphQLScalarType, graphql.GraphQLEnumType)):
            chosen.append(name)
        elif isinstance(inner, graphql.GraphQLUnionType):
            chosen.append(f"{name}{arguments} {{ __typename }}")
        elif depth and not any(graphql.is_required_argument(each) for each in field.args.values()):
            below = _selection(inner, depth - 1)
            if below:
                chosen.append(f"{name}{arguments} {{ {' '.join(below)} }}")
    return chosen


def test_without_a_token_or_a_query_nothing_is_answered(stage: Stage) -> None:
    url = f"{stage.forge.url}/graphql"
    assert stage.client.post(url, json={"query": "{ viewer { login } }"}).status_code == 401
    headers = {"authorization": f"Bearer {stage.tokens['robin']}"}
    assert stage.client.post(url, json=[], headers=headers).status_code == 400
    stage.forge.fail_next("graphql", 502, after_applying=True)
    assert stage.client.post(url, json={"query": "{ viewer { login } }"}, headers=headers).status_code == 502
