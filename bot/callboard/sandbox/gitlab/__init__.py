"""GitLab's REST API v4 over the world of the sandbox forge: the same people, tokens and git repositories.

``SandboxForge`` serves it at ``gitlab_api_url`` (``/api/v4``), beside GitHub's API; git is at the same
``git_url(path)``, where any user name and a token sign in.

- ``add_user(login, kind)`` and ``add_repository(path, …, collaborators=…)`` serve both faces, and so does
  each token. Roles become access levels: read 10, triage 20, write 30, maintain and admin 40, the owner 50.
- ``add_project_token(path, role="write", name="callboard")`` answers the token of a new project access
  token, whose bot user is called ``project_<id>_bot_<hex>``.
- ``project_settings(path)`` answers the project's ``ProjectSettings``, to be changed in place.
- ``protect(path, branch, Protection(…))``: ``approvals`` are required approvals (a paid tier, then),
  ``checks`` make the pipeline a condition, ``strict`` asks for a rebase, ``dismiss_stale_reviews`` resets
  approvals on a push.
- ``add_project_webhook(path, url, secret=…, signing_token=…)`` has GitLab's webhooks posted.
- ``fail_next("gitlab/merge_requests/merge", 502, after_applying=True)``, and
  ``faults.gitlab_rate_limit("gitlab/merge_requests/create", retry_after=1)``. Operation ids in the request
  log are ``gitlab/<resource>/<verb>``, of the kind ``rest``; see docs/sandbox-coverage.md for all of them.
"""

from callboard.sandbox.forge.state import ProjectSettings

__all__ = ["ProjectSettings"]
