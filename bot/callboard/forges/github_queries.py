"""What GitHub is asked in GraphQL: everything about many pull requests in one request."""

from __future__ import annotations

_BRIEF = """
fragment brief on PullRequest {
  id number url title body isDraft state merged mergeable mergeStateStatus createdAt updatedAt
  isInMergeQueue isCrossRepository
  author { __typename login ... on User { databaseId } ... on Bot { databaseId } }
  headRefName headRefOid headRepository { nameWithOwner }
  baseRefName baseRefOid
  mergeCommit { oid }
  labels(first: 100) { nodes { name } }
  comments(first: 100) {
    pageInfo { hasNextPage }
    nodes {
      databaseId body createdAt lastEditedAt
      author { __typename login ... on User { databaseId } ... on Bot { databaseId } }
    }
  }
  files(first: 100) { nodes { path changeType } pageInfo { hasNextPage } }
}
"""
_FACTS = (
    """
fragment facts on PullRequest {
  ...brief
  reviews(last: 100) {
    pageInfo { hasPreviousPage }
    nodes {
      state submittedAt
      author { __typename login ... on User { databaseId } ... on Bot { databaseId } }
      commit { oid }
    }
  }
  timelineItems(last: 100, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT, BASE_REF_CHANGED_EVENT]) {
    nodes {
      __typename
      ... on HeadRefForcePushedEvent { createdAt beforeCommit { oid } afterCommit { oid } }
      ... on BaseRefChangedEvent { createdAt }
    }
    pageInfo { hasPreviousPage }
  }
  commits(last: 1) {
    nodes { commit { statusCheckRollup { contexts(first: 100) {
      nodes {
        __typename
        ... on CheckRun { name status conclusion title checkSuite { app { slug } } }
        ... on StatusContext { context state description creator { login } }
      }
      pageInfo { hasNextPage }
    } } } }
  }
}
"""
    + _BRIEF
)

ABOUT = """
query about($owner: String!, $name: String!, $branch: String!, $label: String!) {
  viewer { login databaseId }
  repository(owner: $owner, name: $name) {
    id nameWithOwner
    defaultBranchRef { name }
    mergeQueue(branch: $branch) { id }
    issues(first: 50, states: [OPEN], labels: [$label], orderBy: {field: CREATED_AT, direction: ASC}) {
      nodes {
        number url title body
        author { __typename login ... on User { databaseId } ... on Bot { databaseId } }
        labels(first: 100) { nodes { name } }
      }
    }
  }
}
"""
VIEWER = "query viewer { viewer { login databaseId } }"
REPOSITORY = """
query repository($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { id } }
"""
OPEN = (
    """
query openPullRequests($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    id
    pullRequests(first: 50, after: $after, states: [OPEN], orderBy: {field: CREATED_AT, direction: ASC}) {
      nodes { ...facts }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + _FACTS
)
FINISHED = (
    """
query finishedPullRequests($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    id
    merged: pullRequests(first: 50, states: [MERGED], orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes { ...brief }
    }
    closed: pullRequests(first: 20, states: [CLOSED], orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes { ...brief }
    }
  }
}
"""
    + _BRIEF
)
LAST_CLOSED = (
    """
query lastClosedPullRequest($owner: String!, $name: String!, $head: String!) {
  repository(owner: $owner, name: $name) {
    id
    pullRequests(first: 10, states: [CLOSED, MERGED], headRefName: $head,
                 orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...brief } }
  }
}
"""
    + _BRIEF
)
HEAD = """
query headOfPullRequest($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { id pullRequest(number: $number) { id headRefOid } }
}
"""
REF = """
query ref($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) { id ref(qualifiedName: $ref) { target { oid } } }
}
"""
ENQUEUE = """
mutation enqueue($pull: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head}) { mergeQueueEntry { id } }
}
"""
DEQUEUE = """
mutation dequeue($pull: ID!) {
  dequeuePullRequest(input: {id: $pull}) { mergeQueueEntry { id } }
}
"""
POINT = """
mutation point($repository: ID!, $updates: [RefUpdate!]!) {
  updateRefs(input: {repositoryId: $repository, refUpdates: $updates}) { clientMutationId }
}
"""
