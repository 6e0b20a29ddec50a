"""The order and the names of versions, from tags."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callboard.sources.oci_tags import TAG, is_attached, newest, versions_of

tags = st.from_regex(TAG, fullmatch=True) | st.sampled_from(
    [
        "latest",
        "1.0",
        "1.0.0",
        "v1",
        "v2.0.0-rc1",
        "2.0.0",
        "8b",
        "70b",
        "7-instruct",
        "2024-01-02",
        "00",
        "0",
    ]
)


def test_versions_are_ordered_by_number_then_latest_then_by_name() -> None:
    said = ["8b", "1.9.0", "latest", "2.0.0-rc10", "1.10.0", "70b", "2.0.0", "2.0.0-rc9", "2024-01-02"]
    assert newest(said, 20) == (
        "2024-01-02", "2.0.0", "2.0.0-rc10", "2.0.0-rc9", "1.10.0", "1.9.0", "latest", "70b", "8b",
    )  # fmt: skip


def test_latest_is_kept_besides_the_newest() -> None:
    assert newest(["1", "2", "3", "latest"], 1) == ("3", "latest")


def test_the_most_exact_tag_is_the_name() -> None:
    (one,) = versions_of(dict.fromkeys(["1", "1.2", "1.2.3", "latest", "stable"], "sha256:a"))
    assert (one.name, one.aliases) == ("1.2.3", ("1", "1.2", "latest", "stable"))
    (one,) = versions_of(dict.fromkeys(["8b", "8b-q4_K_M", "latest"], "sha256:a"))
    assert (one.name, one.aliases) == ("8b-q4_K_M", ("8b", "latest"))


def test_what_is_attached_to_a_manifest_is_no_version() -> None:
    assert is_attached(f"sha256-{'a' * 64}")
    assert is_attached(f"sha256-{'a' * 64}.sig")
    assert not is_attached("sha256-of-something")


@given(st.dictionaries(tags, st.sampled_from("abcdef"), min_size=1, max_size=12))
def test_every_tag_names_its_digest_once_in_any_order_of_the_answer(
    digests: dict[str, str],
) -> None:
    found = versions_of(digests)
    assert {one.digest for one in found} == set(digests.values())
    assert sorted(tag for one in found for tag in (one.name, *one.aliases)) == sorted(digests)
    assert all(digests[tag] == one.digest for one in found for tag in (one.name, *one.aliases))
    assert versions_of(dict(sorted(digests.items(), reverse=True))) == found
    assert set(newest(digests, 3)) <= set(digests)
    assert newest(list(digests), 12) == newest(sorted(digests), 12)
