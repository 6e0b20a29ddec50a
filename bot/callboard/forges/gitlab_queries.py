"""What we ask GitLab's GraphQL API (docs.gitlab.com, "GraphQL API resources").

GitLab allows a query a complexity of 250 and lists a page of 100. A list costs the more the longer its page
may be, so that whole merge requests are asked for by fifty. No field here is of a paid tier alone: the free
edition does not know those, and would refuse the whole query.
"""

from __future__ import annotations

ABOUT = """
query About($project: ID!, $label: String!) {
  currentUser { id username bot commitEmail }
  project(fullPath: $project) {
    fullPath
    repository { rootRef }
    issues(state: opened, labelName: [$label], sort: CREATED_ASC, first: 20) {
      nodes { iid webUrl title description author { id } labels(first: 20) { nodes { title } } }
    }
  }
}
"""
_MERGE_REQUEST = """
fragment Facts on MergeRequest {
  iid webUrl title description state draft createdAt updatedAt
  author { id username bot }
  sourceBranch targetBranch sourceProjectId targetProjectId sourceProject { fullPath }
  diffHeadSha
  labels(first: 100) { nodes { title } }
  diffStats { path }
  diffStatsSummary { fileCount }
  notes(last: 100) {
    nodes { id body system createdAt lastEditedAt author { id username bot } }
    pageInfo { hasPreviousPage }
  }
}
"""
OPEN = (
    """
query Open($project: ID!, $after: String) {
  project(fullPath: $project) {
    mergeRequests(state: opened, sort: CREATED_ASC, first: 50, after: $after) {
      nodes {
        ...Facts
        diffRefs { headSha startSha }
        detailedMergeStatus conflicts commitCount
        approvedBy(first: 100) { nodes { id username bot } }
        reviewers(first: 100) { nodes { id username bot mergeRequestInteraction { reviewState } } }
        headPipeline { id status source }
        pipelines(first: 5) {
          nodes {
            id sha
            jobs(first: 100) {
              nodes { id name status allowFailure detailedStatus { label } }
              pageInfo { hasNextPage }
            }
          }
          pageInfo { hasNextPage }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + _MERGE_REQUEST
)
STATUSES = """
query Statuses($project: ID!, $after: String) {
  project(fullPath: $project) {
    mergeRequests(state: opened, sort: CREATED_ASC, first: 100, after: $after) {
      nodes { iid diffHeadSha detailedMergeStatus conflicts }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
FINISHED = (
    """
query Finished($project: ID!, $author: String!) {
  project(fullPath: $project) {
    merged: mergeRequests(state: merged, authorUsername: $author, sort: UPDATED_DESC, first: 50) {
      nodes { ...Facts mergeCommitSha squashOnMerge }
    }
    closed: mergeRequests(state: closed, authorUsername: $author, sort: UPDATED_DESC, first: 20) {
      nodes { ...Facts }
    }
  }
}
"""
    + _MERGE_REQUEST
)
