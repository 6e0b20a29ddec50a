"""What we ask GitLab's GraphQL API (docs.gitlab.com, "GraphQL API resources")."""

from __future__ import annotations

ABOUT = """
query About($project: ID!, $label: String!) {
  currentUser { id username commitEmail }
  project(fullPath: $project) {
    fullPath
    repository { rootRef }
    ciCdSettings { mergePipelinesEnabled mergeTrainsEnabled }
    issues(state: opened, labelName: [$label], sort: CREATED_ASC, first: 20) {
      nodes { iid webUrl title description author { id } labels(first: 20) { nodes { title } } }
    }
  }
}
"""
