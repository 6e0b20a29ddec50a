"""Whatever registries say, what is proposed is valid, inert and inside our tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callboard.validation.check import validate_files
from tests.walk.house import House, card

NAMES = [
    "../../etc/passwd",
    "a/b",
    "x" * 200,
    "欺诈检测",
    "🤖🔥",
    "Fraud",
    "fraud",
    "one.two",
    "one-two",
    "con: {{ 7*7 }}",
    "${{ secrets.X }}",
    "-rf",
    ".git",
    "<script>alert(1)</script>",
    "@everyone Fixes #1",
    "/merge",
    "\u202ednuof",
]
BODY = """# Title

<script>alert(1)</script> <img src=x onerror=alert(1)>

[link](javascript:alert(1)) and {{ 7*7 }} and ${{ secrets.X }} and @everyone, Fixes #1

--8<-- "callboard.yaml"

/merge

<!-- callboard:verdict -->
"""


def _cards(house: House) -> None:
    for number, name in enumerate(NAMES):
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        description = 'with: colon, \\"quotes\\", {{ 7*7 }}, ${{ secrets.X }} and \\0 a NUL'
        house.card(
            f"card-{number:02}",
            f'---\nname: "{quoted}"\nversion: "1"\ndescription: "{description}"\n---\n{BODY}',
        )


@pytest.fixture
def proposed(house: House) -> House:
    house.config_text += "pull-requests: {group-by: all}\n"
    _cards(house)
    return house


def test_every_name_gets_a_folder_of_its_own_inside_our_tree(proposed: House) -> None:
    result = proposed.sync()

    folders = [change.change.folder for change in result.desired.changes]
    assert len(folders) == len(NAMES)
    assert len({folder.lower() for folder in folders}) == len(NAMES)
    assert all(re.fullmatch(r"models/[A-Za-z0-9][A-Za-z0-9._-]*", folder) for folder in folders)
    paths = [path for change in result.desired.changes for path in change.files]
    assert all(path.startswith("models/") and ".." not in path.split("/") for path in paths)


def test_every_catalog_file_is_valid(proposed: House) -> None:
    result = proposed.sync()

    files = {
        path: content
        for change in result.desired.changes
        for path, content in change.files.items()
        if content is not None
    }
    assert [one for one in validate_files(files).diagnostics if one.severity == "error"] == []


def test_nothing_in_pages_and_texts_acts(proposed: House) -> None:
    (proposal,) = proposed.sync().proposals

    assert proposal.pull is not None
    title, body = proposed.hands().text(proposal.pull.number)
    pages = [
        content.decode()
        for change in proposal.group.changes
        for path, content in change.files.items()
        if content is not None and path.endswith(".md")
    ]
    for text in [title, body, *pages]:
        visible = re.sub(r"^(```+).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert "<script" not in visible.lower()
        assert "onerror=" not in visible.replace("\\", "").lower() or "<img" not in visible.lower()
        assert not re.search(r"\]\(\s*javascript:", text, re.IGNORECASE)
        assert not re.search(r"(?<![\w`])@everyone", visible)
        assert "\x00" not in text
    assert all("--8<--" not in page for page in pages)
    # The one marker at the start of our own comments cannot be forged by a registry.
    assert "<!-- callboard:verdict -->" not in body


def test_one_bad_card_never_stops_the_others(house: House) -> None:
    house.card("good", card("good"))
    house.card("broken", "---\nname: [unclosed\nowner: : :\n---\n# Broken\n")
    house.card("huge", f"---\nname: huge\n---\n# Huge\n\n{'word ' * 1_000_000}\n")
    (house.folder / "cards" / "bytes.md").write_bytes(b"\xff\xfe\x00---\n# bytes\n")
    (house.folder / "cards" / "cut.onnx").write_bytes(b"\x08\x07\x3a\xff\xff\xff\xff\x0f")
    folder = house.folder / "cards" / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")

    result = house.sync()

    assert "good" in {change.change.name for change in result.desired.changes}
    assert any("broken" in finding.where for finding in result.desired.findings)
    assert all(finding.what and finding.where and finding.hint for finding in result.desired.findings)
    largest = max(
        len(content or b"") for change in result.desired.changes for content in change.files.values()
    )
    assert largest < 2_000_000


def test_the_same_hostile_input_gives_the_same_bytes_again(proposed: House) -> None:
    proposed.sync()
    mark = proposed.forge.log.mark()

    proposed.sync(cache="other")

    assert proposed.counts(mark).writes == proposed.counts(mark).pushes == 0


def test_a_card_cannot_read_files_of_the_machine(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-of-the-machine")
    house.card("thief", f'---\nname: thief\n---\n# x\n\n--8<-- "{secret}"\n\n![x](file://{secret})\n')
    (house.folder / "cards" / "link.md").symlink_to(secret)

    result = house.sync()

    for change in result.desired.changes:
        for content in change.files.values():
            assert b"canary-of-the-machine" not in (content or b"")
