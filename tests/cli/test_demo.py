"""``callboard demo``: the whole story, and a newcomer in a browser."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from queue import Queue

import pytest

from tests.cli.running import COMMAND, Run, clean_environ, process


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Temporary files go where they can be found, caches and tokens nowhere."""
    for name in ("temporary", "home"):
        (tmp_path / name).mkdir()
    return {"TMPDIR": str(tmp_path / "temporary"), "HOME": str(tmp_path / "home")}


def left_behind(environ: dict[str, str]) -> list[str]:
    return [str(path) for folder in environ.values() for path in Path(folder).rglob("*")]


def test_the_story_comes_true_and_leaves_nothing_behind(tmp_path: Path, environ: dict[str, str]) -> None:
    done = process("demo", cwd=tmp_path, environ=environ)

    assert (done.code, done.err) == (0, "")
    assert "0 changes, 0 pushes, 0 writes" in done.out.partition("from a fresh clone with an empty cache")[2]
    assert "All of it came true" in done.out
    assert "ghp_" not in done.out
    assert left_behind(environ) == []


def test_a_port_without_serve_is_wrong_usage(run: Run) -> None:
    assert run("demo", "--port", "8080").code == 2
    assert run("demo", "--serve", "--port", "65536").code == 2


@dataclass
class Serving:
    """A demo that stays up, and the lines that it says."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    lines: Queue[str | None] = field(default_factory=Queue)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def until(self, pattern: str) -> str:
        """The next line that matches; fails when the demo ends without it or is silent for a minute."""
        while (line := self.lines.get(timeout=60)) is not None:
            self.said.append(line)
            if re.search(pattern, line):
                return line.strip()
        raise AssertionError(f"never said {pattern}: {''.join(self.said)}")


@contextmanager
def serving(folder: Path, environ: dict[str, str]) -> Iterator[Serving]:
    with subprocess.Popen(
        [*COMMAND, "demo", "--serve"],
        cwd=folder,
        env=clean_environ() | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        demo = Serving(running)
        listener = threading.Thread(target=demo.listen, daemon=True)
        listener.start()
        try:
            yield demo
        finally:
            running.kill()
            listener.join()


class Forms(HTMLParser):
    """The forms of a page, as a browser would send them: fields, and what each button adds."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.buttons: list[tuple[dict[str, str], str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        if tag == "form":
            assert has.get("method", "").lower() == "post"
            self.forms.append((has.get("action", ""), {}))
        elif tag in ("input", "textarea") and self.forms and "name" in has:
            self.forms[-1][1][has["name"]] = has.get("value", "")
        elif tag == "button" and self.forms:
            self.buttons.append((self.forms[-1][1], has.get("name", ""), has.get("value", "")))

    def pressed(self, value: str) -> dict[str, str]:
        """What is sent when the button with that value is pressed."""
        fields, name = next((fields, name) for fields, name, said in self.buttons if said == value)
        return fields | {name: value}


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def test_a_newcomer_approves_in_a_browser_and_sees_it_land(tmp_path: Path, environ: dict[str, str]) -> None:
    with serving(tmp_path, environ) as demo:
        home = demo.until(r"^Pull requests: ").rpartition(" ")[2]
        url = demo.until(r"/pull/3 ").split()[0]
        catalog = demo.until(r"^Catalog: ").rpartition(" ")[2]
        assert "Fraud Detector" in page(home)
        forms = Forms()
        forms.feed(page(url))

        sent = urllib.parse.urlencode(forms.pressed("approve")).encode()
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
        request = urllib.request.Request(url, sent, {"Origin": origin, "Referer": url})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert "approved" in answer.read().decode()

        assert "Fraud Detector" in demo.until("^merged and registered")
        assert '<span class="state merged">' in page(url)
        assert "fraud-detector" in page(catalog)
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(timeout=60) == 0
    assert not any("Traceback" in line for line in demo.said)
    assert left_behind(environ) == []


def test_a_demo_that_is_told_to_terminate_tidies_up_too(tmp_path: Path, environ: dict[str, str]) -> None:
    with serving(tmp_path, environ) as demo:
        demo.until("Ctrl-C ends the demo")
        demo.process.send_signal(signal.SIGTERM)
        assert demo.process.wait(timeout=60) == 0
    assert left_behind(environ) == []
