"""Files out of archives from registries: hostile until proven otherwise."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.sources.archives import BadArchive, Member, find_file

NAMES = ("model-card.md", "readme.md")
names = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\"), min_size=1, max_size=40)
paths = st.lists(names | st.sampled_from(["docs", "README.md", "model-card.md"]), min_size=1, max_size=8)


def packed(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT, **changes: object) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for key, value in changes.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def find(archive: bytes, *, gzipped: bool = False, limit: int = 100) -> Member | None:
    return find_file(archive, NAMES, gzipped=gzipped, limit=limit)


@given(
    st.dictionaries(paths.map("/".join), st.binary(max_size=200), max_size=6),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.booleans(),
)
def test_what_the_standard_library_packs_is_found_nearest_to_the_root(
    files: dict[str, bytes], form: int, gzipped: bool
) -> None:
    archive = packed(files, form)
    found = find(gzip.compress(archive) if gzipped else archive, gzipped=gzipped)
    cards = [
        name for name in files if name.rpartition("/")[2].lower() in NAMES and ".." not in name.split("/")
    ]
    if found is None:
        assert cards == []
        return
    depths = [sum(part not in ("", ".") for part in name.split("/")) for name in cards]
    assert len(found.name.split("/")) == min(depths)
    same = [files[name] for name in cards if files[name][:100] == found.content]
    assert same
    assert found.unread_bytes in [len(content) - len(found.content) for content in same]


@given(st.binary(max_size=2000), st.booleans())
def test_no_bytes_do_anything_but_fail(content: bytes, gzipped: bool) -> None:
    try:
        found = find(content, gzipped=gzipped)
    except BadArchive:
        return
    assert found is None or len(found.content) <= 100


@given(st.data())
def test_no_damage_does_anything_but_fail(data: st.DataObject) -> None:
    archive = bytearray(packed({"a" * 150: b"x" * 600, "docs/README.md": b"# Card", "b": b""}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(archive) - 1))
        archive[place] = data.draw(st.integers(0, 255))
    # As who tampers would: with sums that are right.
    for start in range(0, len(archive) - 511, 512):
        header = archive[start : start + 512]
        if header[257:262] == b"ustar":
            total = sum(header) - sum(header[148:156]) + 8 * 32
            archive[start + 148 : start + 156] = b"%06o\0 " % total
    try:
        found = find(bytes(archive))
    except BadArchive:
        return
    assert found is None or len(found.content) <= 100


@pytest.mark.parametrize("name", ["../README.md", "/README.md", "a/../README.md", "..\\README.md"])
def test_a_name_that_leads_elsewhere_is_passed_over(name: str) -> None:
    assert find(packed({name: b"# Card"})) is None


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_only_files_are_read(kind: bytes) -> None:
    assert find(packed({"README.md": b""}, type=kind, linkname="/etc/passwd")) is None


def test_a_bomb_goes_off_unheard() -> None:
    bomb = gzip.compress(packed({"weights.bin": bytes(66 * 1024 * 1024)}), 1)
    with pytest.raises(BadArchive, match="unpacks to more than"):
        find(bomb, gzipped=True)


def test_headers_may_not_be_as_large_as_files() -> None:
    with pytest.raises(BadArchive, match="headers"):
        find(packed({"README.md": b"#"}, pax_headers={"comment": "1" * 100_000}))


@pytest.mark.parametrize("record", [b"99 path=x\n", b"x path=x\n", b"0 path=x\n", b"11 nothing\n", b"30"])
def test_a_damaged_extended_header_is_told(record: bytes) -> None:
    archive = packed({"README.md": b"#"}, pax_headers={"comment": "abc"})
    damaged = archive.replace(b"15 comment=abc\n", record.ljust(15, b"\0"))
    assert damaged != archive
    with pytest.raises(BadArchive):
        find(damaged)


def test_an_archive_that_ends_within_a_file_is_told() -> None:
    with pytest.raises(BadArchive, match="too early"):
        find(packed({"README.md": b"#" * 2000})[:1024], limit=5000)


def test_too_many_files_are_told() -> None:
    entry = packed({"a": b""})[:512]
    with pytest.raises(BadArchive, match="files"):
        find(entry * 10_001)
