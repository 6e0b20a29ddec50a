"""The merge policy as it is written in callboard.yaml."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator
from yaml import safe_load

from callboard.config import Config, Merge, QuietHours, RequiredCheck, SourceSettings, TextRule
from callboard.config_file import ConfigError, load_config
from callboard.config_schema import config_schema

POLICY = """\
merge:
  required-checks: [lint, {name: ci, source: github-actions}]
  code-owners: true
  title: {match: "^(feat|fix)"}
  text: {refuse: "(?i)wip"}
  quiet-hours: [{days: [sat, sun]}, {from: "18:00", to: "08:00"}]
  timezone: Europe/Berlin
  batch: 7
"""


def load(text: str) -> Config:
    return load_config(text, "callboard.yaml", lambda _: SourceSettings, ())


def test_a_merge_policy_is_typed() -> None:
    assert load(POLICY).merge == Merge(
        required_checks=(RequiredCheck(name="lint"), RequiredCheck(name="ci", source="github-actions")),
        code_owners=True,
        title=TextRule(match="^(feat|fix)"),
        text=TextRule(refuse="(?i)wip"),
        quiet_hours=(QuietHours(days=("sat", "sun")), QuietHours(start="18:00", end="08:00")),
        timezone="Europe/Berlin",
        batch=7,
    )


def test_editors_take_what_we_take() -> None:
    Draft202012Validator(config_schema({})).validate(safe_load(POLICY))


def test_a_required_check_is_named_for_people() -> None:
    assert [str(one) for one in load(POLICY).merge.required_checks] == ["lint", "ci by github-actions"]


EXPRESSION = "write a regular expression, without look-around and back-references"
ZONE = "write the name of a time zone, such as Europe/Berlin"


@pytest.mark.parametrize(
    ("policy", "where", "hint"),
    [
        ('title: {match: "("}', "2:18: merge.title.match ", f"{EXPRESSION} (unclosed group)"),
        ('text: {refuse: "(?!a)"}', "2:18: merge.text.refuse ", EXPRESSION),
        ('title: {match: ""}', "2:18: merge.title.match ", "string should have at least 1 character"),
        ("text: {refuze: x}", "2:10: merge.text.refuze ", "did you mean 'refuse'?"),
        ("title: feat", "2:10: merge.title ", "write its keys and their values"),
        ("required-checks: [{source: x}]", "2:21: merge.required-checks[0].name ", "add it"),
        ("required-checks: [3]", "2:21: merge.required-checks[0] ", "write its keys and their values"),
        ("quiet-hours: [{days: [sunday]}]", "2:25: merge.quiet-hours[0].days[0] ", "did you mean 'sun'?"),
        ("quiet-hours: [{from: 8:00, to: 09:00}]", "2:24: merge.quiet-hours[0].from ", "write a time of "),
        ("quiet-hours: [{from: 08:00}]", "2:17: merge.quiet-hours[0] ", "give both from and to, or neither"),
        ("quiet-hours: [{}]", "2:17: merge.quiet-hours[0] ", "give days, or from and to, or all three"),
        ("quiet-hours: [{from: 08:00, to: 08:00}]", "2:17: merge.quiet-hours[0] ", "from and to are the"),
        ("timezone: Europe/Berln", "2:13: merge.timezone ", ZONE),
        ("timezone: Europe", "2:13: merge.timezone ", ZONE),
        ("timezone: ../../etc/passwd", "2:13: merge.timezone ", ZONE),
        ("batch: 0", "2:10: merge.batch ", "input should be greater than or equal to 1"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_used_says_where_and_what_to_write(
    policy: str, where: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"merge:\n  {policy}\n")

    assert str(caught.value).startswith(f"callboard.yaml:{where}")
    assert f"; {hint}" in str(caught.value)


@pytest.fixture
def no_system_zones() -> Iterator[None]:
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("no_system_zones")
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns"])
def test_time_zones_are_known_where_the_system_has_none(zone: str) -> None:
    assert load(f"merge: {{timezone: {zone}}}").merge.timezone == zone
