"""A newcomer plays the reviewer in a browser, safely."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.sandbox.forge.conftest import REPOSITORY, Stage
from tests.servers.forge import ForgeFactory


@dataclass
class Visit:
    """A forge whose pages act for robin."""

    stage: Stage

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """A page."""
        return self.stage.client.get(self.stage.forge.url + path, headers=dict(headers or {}))

    def token(self, number: int) -> str:
        """The token of the form of a pull request."""
        found = re.search(r'name="token" value="([^"]+)"', self.get(f"/{REPOSITORY}/pull/{number}").text)
        assert found
        return found[1]

    def send(self, number: int, action: str, body: str = "", **more: str) -> httpx2.Response:
        """The form, sent as a browser would; ``origin`` and ``token`` may be others."""
        form = {"token": more.get("token") or self.token(number), "action": action, "body": body}
        return self.stage.client.post(
            f"{self.stage.forge.url}/{REPOSITORY}/pull/{number}",
            data=form,
            headers={
                "origin": more.get("origin", self.stage.forge.url),
                **({"host": more["host"]} if "host" in more else {}),
            },
        )


@pytest.fixture
def visit(start_forge: ForgeFactory, tmp_path: Path) -> Visit:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Visit(Stage.on(start_forge(visitor="robin"), workspace))


def test_the_first_page_lists_repositories_and_their_pull_requests(visit: Visit) -> None:
    visit.stage.opened("listed")
    page = visit.get("/").text
    assert f'href="/{REPOSITORY}/pull/1"' in page
    assert "Add listed" in page
    assert visit.get(f"/{REPOSITORY}").text.count("Add listed") == 1


def test_a_pull_request_shows_text_files_reviews_and_checks(visit: Visit) -> None:
    pull = visit.stage.opened(
        "shown", {"README.md": b"# Changed\n"}, body="**Bold**\n\n| a |\n|---|\n| 1 |\n"
    )
    visit.stage.api("callboard", "POST", "issues/1/labels", {"labels": ["model-catalog"]})
    visit.stage.api("ada", "POST", "pulls/1/reviews", {"event": "REQUEST_CHANGES", "body": "Say *why*"})
    visit.stage.api("callboard", "POST", f"statuses/{pull.head}", {"state": "failure", "context": "validate"})
    page = visit.get(f"/{REPOSITORY}/pull/1").text
    for shown in (
        "<strong>Bold</strong>",
        "<td>1</td>",
        '<span class="added">+# Changed',
        "Say <em>why</em>",
        "asked for changes",
        "validate",
        "model-catalog",
        "unstable",
    ):
        assert shown in page


def test_approving_commenting_and_closing_act_as_the_visitor(visit: Visit) -> None:
    pull = visit.stage.opened("played")
    assert visit.send(1, "comment", "Looks good").status_code == 303
    assert visit.send(1, "approve").status_code == 303
    assert [(review.author.login, review.state) for review in pull.reviews] == [("robin", "APPROVED")]
    assert "Looks good" in visit.get(f"/{REPOSITORY}/pull/1").text
    assert visit.send(1, "close", "Not now").status_code == 303
    page = visit.get(f"/{REPOSITORY}/pull/1").text
    assert pull.state == "closed"
    assert "Not now" in page
    assert "<form" not in page


def test_the_end_of_a_pull_request_is_told(visit: Visit) -> None:
    pull = visit.stage.opened("landed")
    visit.stage.rewritten("landed")
    visit.stage.api("callboard", "PUT", "pulls/1/merge", {})
    visit.stage.api("callboard", "DELETE", "git/refs/heads/landed")
    page = visit.get(f"/{REPOSITORY}/pull/1").text
    assert f"merged it as {(pull.merge_commit or '')[:7]}" in page
    assert "force-pushed from" in page
    assert "/tree/landed" not in page


def test_what_the_forge_refuses_is_said_on_the_page(visit: Visit) -> None:
    visit.stage.branch("own")
    visit.stage.api("robin", "POST", "pulls", {"title": "Mine", "head": "own", "base": "main"})
    refused = visit.send(1, "approve")
    assert refused.status_code == 422
    assert "Can not approve your own pull request" in refused.text
    assert "Body cannot be blank" in visit.send(1, "comment", " ").text
    assert visit.send(1, "dance").status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"token": "guessed"},
        {"origin": "http://rebound.example:1", "host": "rebound.example:1"},
    ],
)
def test_a_form_sent_from_elsewhere_is_refused(visit: Visit, wrong: dict[str, str]) -> None:
    pull = visit.stage.opened("guarded")
    assert visit.send(1, "approve", **wrong).status_code == 403
    assert pull.reviews == []


def test_without_a_visitor_the_pages_only_show(start_forge: ForgeFactory, tmp_path: Path) -> None:
    stage = Stage.on(start_forge(), tmp_path)
    stage.opened("shown")
    page = stage.client.get(f"{stage.forge.url}/{REPOSITORY}/pull/1")
    assert page.status_code == 200
    assert "<form" not in page.text
    sent = stage.client.post(
        f"{stage.forge.url}/{REPOSITORY}/pull/1",
        data={"action": "approve"},
        headers={"origin": stage.forge.url},
    )
    assert sent.status_code == 403


def test_no_page_may_load_or_run_anything_from_elsewhere(visit: Visit) -> None:
    visit.stage.opened("strict", body="<script>alert(1)</script>")
    for path in ("/", f"/{REPOSITORY}/pull/1", f"/{REPOSITORY}/blob/main/README.md", "/nobody/nothing"):
        page = visit.get(path)
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "<script" not in page.text
    style = visit.get("/-/style.css")
    assert style.headers["content-type"].startswith("text/css")


def test_hostile_names_and_texts_stay_text(visit: Visit) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    visit.stage.opened("evil", {f"models/{evil}.md": evil.encode()}, title=evil)
    pages = [visit.get("/"), visit.get(f"/{REPOSITORY}/pull/1"), visit.get(f"/{REPOSITORY}/tree/evil/models")]
    assert all(page.status_code == 200 and evil in html.unescape(page.text) for page in pages)
    assert not any("<img src=x" in page.text for page in pages)


def test_files_and_folders_can_be_read_at_any_branch(visit: Visit) -> None:
    visit.stage.branch(
        "callboard/fraud", {"docs/index.md": b"# Title\n\n![plot](plot.svg)\n", "docs/plot.svg": b"<svg/>"}
    )
    assert "docs/" in visit.get(f"/{REPOSITORY}/tree/callboard/fraud").text
    assert "index.md" in visit.get(f"/{REPOSITORY}/tree/callboard/fraud/docs/").text
    page = visit.get(f"/{REPOSITORY}/blob/callboard/fraud/docs/index.md").text
    assert "<h1>Title</h1>" in page
    assert "# Title" in page
    plot = f"/{REPOSITORY}/blob/callboard/fraud/docs/plot.svg"
    assert visit.get(plot).headers["content-type"].startswith("text/html")
    assert visit.get(plot, {"sec-fetch-dest": "image"}).headers["content-type"] == "image/svg+xml"
    raw = visit.get(f"/{REPOSITORY}/raw/callboard/fraud/docs/plot.svg")
    assert (raw.content, raw.headers["content-type"]) == (b"<svg/>", "text/plain; charset=utf-8")


def test_what_is_not_text_is_not_shown_as_text(visit: Visit) -> None:
    visit.stage.branch("main", {"model.bin": b"\0\1\2"})
    assert "3 bytes, not text" in visit.get(f"/{REPOSITORY}/blob/main/model.bin").text


@pytest.mark.parametrize(
    "path",
    [
        "/acme/nothing",
        f"/{REPOSITORY}/pull/99",
        f"/{REPOSITORY}/blob/main/none.yaml",
        f"/{REPOSITORY}/blob/main/models",
        f"/{REPOSITORY}/blob/none/README.md",
        f"/{REPOSITORY}/tree/main/README.md",
        f"/{REPOSITORY}/tree/main/..%2F..%2Fetc",
    ],
)
def test_what_is_not_there_is_not_found(visit: Visit, path: str) -> None:
    page = visit.get(path)
    assert page.status_code == 404
    assert "Not Found" in page.text


def test_a_private_repository_is_hidden_from_a_visitor_without_a_role(visit: Visit) -> None:
    visit.stage.forge.add_repository("acme/secret", {"a": b""}, private=True)
    assert "acme/secret" not in visit.get("/").text
    assert visit.get("/acme/secret").status_code == 404
