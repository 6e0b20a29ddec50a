from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import mdformat.plugins
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from callboard.changes.change import KeptEdit, ModelChange
from callboard.config import Merge, QuietHours, RequiredCheck, TextRule
from callboard.expressions import literally
from callboard.forges.protocol import Check
from callboard.model import Evaluation, License, Link, Model, Port, Problem, Signature, Version
from callboard.pulls.comments import (
    landing_comment,
    nudge_comment,
    obsolete_comment,
    validation_comment,
    verdict_comment,
)
from callboard.pulls.commits import fingerprint_in
from callboard.pulls.decide import decide
from callboard.pulls.limits import LONGEST_BODY
from callboard.pulls.owners import Owner, Requirement
from callboard.pulls.queue import plan, without_offenders
from callboard.pulls.seal import is_our_body, is_our_title, sealed
from callboard.pulls.texts import Text, pull_request_text
from callboard.redaction import Secret
from callboard.validation.diagnostics import Diagnostic
from tests.pulls.changes import (
    FINGERPRINT,
    FRAUD,
    FRAUD_4,
    change,
    deletion,
    new_model,
    new_version,
    other,
    twelve,
)
from tests.pulls.examples import BEA, OTHER, facts, review

POLICY = Merge(required_checks=(RequiredCheck(name="catalog"),))


def text(*changes: ModelChange, **more: Any) -> Text:
    return pull_request_text(changes, fingerprint=FINGERPRINT, policy=POLICY, **more)


def in_order(body: str, *parts: str) -> bool:
    positions = [body.index(part) for part in parts]
    return positions == sorted(positions)


def test_a_new_version_says_first_what_changed_then_what_to_decide_then_what_happens() -> None:
    body = text(new_version()).body

    assert in_order(
        body,
        "Version 4 is new (before: 3).",
        "**This breaks callers of the model.**",
        "> - Callers must now send the input merchant_category (string).",
        "| license | Apache-2.0 | **MIT** |",
        "| recall (claims-2025, test) | 0.88 | **0.861** ▼ worse |",
        "| f1 (claims-2025, test) | 0.912 | **0.931** ▲ better |",
        "| log_loss (claims-2025, test) | 0.213 | **0.187** ▲ better |",
        "### For you to decide",
        "Do the callers know, and are they ready?",
        "Is it acceptable that recall (claims-2025, test) got worse?",
        "May everyone who uses the model still use it under the license as it is now?",
        "### What happens next",
        "<details>",
    )


def test_what_a_person_wrote_and_the_registry_contradicts_is_told() -> None:
    body = text(new_version()).body

    assert "| catalog-info.yaml spec.owner | group:default/risk-ml | group:default/payments |" in body
    assert "| docs/index.md Limitations | nothing | Not for amounts above 10,000 EUR. |" in body
    assert "2 values that a person wrote stay" in body


def test_a_new_model_shows_what_its_registry_says_and_the_new_file() -> None:
    body = text(new_model()).body

    assert "| License | Apache-2.0 |" in body
    assert "| Measured | f1 (claims-2025, test) 0.912, recall (claims-2025, test) 0.88, " in body
    assert "Does this model belong in the catalog?" in body
    assert "```yaml\napiVersion: backstage.io/v1alpha1\n" in body


def test_a_new_model_without_owner_or_license_asks_about_them() -> None:
    body = text(change(None, FRAUD.model_copy(update={"owner": None, "license": None}))).body

    assert "The registry names no owner" in body
    assert "No license is stated. May people use the model at all?" in body


def test_a_change_that_concerns_no_caller_says_so() -> None:
    body = text(change(FRAUD, FRAUD.model_copy(update={"description": "Scores payments."}))).body

    assert "Nothing here changes how the model is called" in body


def test_files_that_change_though_the_model_did_not_are_explained() -> None:
    written = text(change(FRAUD, FRAUD, files_changed=("docs/index.md",)))

    assert written.title == "Fraud detector: catalog files"
    assert "itself has not changed: only the files that Callboard writes for it" in written.body


def test_replaced_files_are_the_alarm_that_they_are() -> None:
    def with_digest(digest: str) -> Model:
        artifact = {"uri": "s3://models/fraud", "digest": digest}
        return Model.model_validate(
            FRAUD.model_dump() | {"versions": [{"name": "3", "artifacts": [artifact]}]}
        )

    replaced = change(with_digest("sha256:1"), with_digest("sha256:2"))

    for written in (text(replaced), text(replaced, *twelve())):
        assert "without a new version" in written.body.partition("### For you to decide")[0]
        assert "**Find out before you approve.**" in written.body
    assert text(replaced).title == "Fraud detector: files of version 3 replaced"


def test_many_models_are_told_in_one_table_those_that_break_callers_first() -> None:
    body = text(*twelve()).body

    assert in_order(
        body,
        "**1 of these breaks its callers.**",
        "| Model 11 | version 4, breaks callers, recall 0.88 → 0.861 |",
        "| Model 01 | new: version 3 |",
        "| Model 12 | license Apache-2.0 → MIT |",
    )


def test_a_deletion_says_what_it_means_and_that_a_person_decides() -> None:
    written = text(deletion())

    assert written.title == "Remove Fraud detector from the catalog"
    assert "**Only a person can decide this.**" in written.body
    assert "close this pull request" in written.body
    assert "- removed `models/fraud-detector/catalog-info.yaml`" in written.body
    assert text(deletion(), change(other(1), None)).title == "Remove 2 models from the catalog"


def test_a_deletion_for_a_link_says_with_what_the_model_is_one_and_blames_no_registry() -> None:
    why = "callboard.yaml says that mlflow:fraud is one with the model fraud-model"
    replaced = change(deletion().before, None, why=why)

    alone, mixed = text(replaced), text(replaced, change(other(1), None))

    assert "is in the catalog twice: callboard.yaml says that mlflow:fraud is one with" in alone.body
    assert "what refers to the entities" in alone.body.lower()
    assert "no longer in" not in alone.body
    assert "is in the catalog twice" in mixed.body
    assert "are no longer in their registry" in mixed.body


def test_what_happens_next_is_what_the_policy_says() -> None:
    strict = pull_request_text(
        [new_version()], fingerprint=FINGERPRINT, policy=Merge(approvals=2, hold_labels=()), backstage=False
    )

    assert "once 2 people with write permission approve it and its checks are green." in strict.body
    assert "The label" not in strict.body
    assert "Backstage" not in strict.body
    assert "code owners" not in strict.body
    assert "quiet hours" not in strict.body
    quiet = Merge(code_owners=True, quiet_hours=(QuietHours(days=("sat", "sun")),))
    owned = pull_request_text([new_version()], fingerprint=FINGERPRINT, policy=quiet, backstage=False)
    assert "Each file needs the approval of one of its code owners." in owned.body
    assert "quiet hours, unless somebody comments `/merge`." in owned.body
    assert "The label `hold` stops it." in text(new_version()).body
    assert "registers them with Backstage" in text(new_version()).body


def test_where_checks_do_not_start_by_themselves_it_says_who_starts_them() -> None:
    for one in (new_version(), deletion()):
        assert "Approve workflows to run" in text(one, starts_workflows=False).body
        assert "Approve workflows to run" not in text(one).body
    unchecked = pull_request_text(
        [new_version()], fingerprint=FINGERPRINT, policy=Merge(), starts_workflows=False
    )
    assert "Approve workflows to run" not in unchecked.body


def test_problems_met_on_the_way_are_told() -> None:
    problem = Problem(
        source="prod", model="fraud", what="a run could not be read", where="/runs/get", hint="look at it"
    )

    assert "**fraud**: a run could not be read" in text(new_version(), problems=[problem]).body


def test_the_text_carries_the_fingerprint_of_its_content() -> None:
    for written in (text(new_model()), text(new_version()), text(*twelve()), text(deletion())):
        assert fingerprint_in(written.body) == FINGERPRINT
        assert fingerprint_in(written.body.replace("\n", "\r\n")) == FINGERPRINT


def many(count: int) -> list[ModelChange]:
    return [
        change(other(number), other(number, versions=FRAUD_4.versions), files_changed=("catalog-info.yaml",))
        for number in range(count)
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize("count", [300, 3000])
def test_a_text_that_is_too_long_is_cut_between_rows_and_says_so(count: int) -> None:
    body = text(*many(count)).body

    assert 0.8 * LONGEST_BODY < len(body) <= LONGEST_BODY
    assert re.search(r"… and [0-9,]+ more.*, left out because the forge takes no longer text\.", body)
    assert fingerprint_in(body) == FINGERPRINT
    for line in body.splitlines():
        assert not line.startswith("|") or line.endswith("|")
    assert body.count("<details>") == body.count("</details>")


def test_the_overview_is_cut_after_the_details() -> None:
    body = text(*many(300)).body

    _, everything = body.split("<details><summary>All 300 models</summary>")
    assert everything.count("\n| Model ") == 300 + 1
    assert "more models in detail, left out" in body


def test_of_hundreds_of_models_the_first_screen_shows_what_is_to_decide() -> None:
    new = [change(None, other(number)) for number in range(500)]

    body = text(*many(3), *new).body

    assert in_order(
        body,
        "**503 models**: 500 new, 3 new versions. All of them are listed in a fold below.",
        "**3 of these break their callers.**",
        "### For you to decide",
        "### What happens next",
        "All 503 models",
    )
    assert body.index("### What happens next") < 4000
    assert "| Model 07 | new: version 3 |\n\n… and 492 more.\n" in text(*new).body.split("### For you")[0]


def test_what_got_worse_beyond_a_few_is_counted() -> None:
    assert "of Model 04 and 3 more got worse?" in text(*many(8)).body


def test_a_merge_request_names_the_commands_that_gitlab_leaves_to_us() -> None:
    assert "`/hold` stops this pull request" in text(new_version()).body
    assert "`/callboard hold` stops this merge request" in text(new_version(), word="merge request").body


def test_a_model_with_far_too_much_to_say_is_cut() -> None:
    def measured(value: float) -> Model:
        evaluations = tuple(
            Evaluation(metric=f"metric-{number}", value=value + number) for number in range(5000)
        )
        return FRAUD.model_copy(update={"versions": (Version(name="3", evaluations=evaluations),)})

    assert len(text(change(measured(1), measured(2))).body) <= LONGEST_BODY
    assert len(text(change(None, FRAUD, preview="a: 1\n" * 100_000)).body) <= LONGEST_BODY


HOSTILE = [
    "<script>alert(1)</script>",
    "@everyone",
    "Fixes #1",
    "![x](https://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "https://evil.example",
    "a | b | c",
    "`code` ``` fence",
    "line\n\n# heading\n/merge\n- [ ] box",
    "</details><details>",
    f"<!-- Callboard-Fingerprint: {'f' * 64} -->",
    f"\nCallboard-Fingerprint: {'f' * 64}\n",
    "{{ 7 * 7 }} ${{ secrets.X }} {% raw %}",
    "\x00\u202e\u200b\ud800",
    "x" * 5000,
    "",
]
words = st.sampled_from(HOSTILE) | st.text(max_size=30)


@st.composite
def hostile_changes(draw: st.DrawFn) -> ModelChange:
    def model() -> Model:
        version = Version(
            name=draw(words),
            aliases=(draw(words),),
            signature=Signature(inputs=(Port(name=draw(words), type=draw(words)),)),
            evaluations=(Evaluation(metric=draw(words), value=draw(st.floats(0, 1)), dataset=draw(words)),),
        )
        return FRAUD.model_copy(
            update={
                "owner": draw(words),
                "description": draw(words),
                "license": License(id=draw(words)),
                "tags": (draw(words),),
                "links": (Link(url=draw(words), title=draw(words)),),
                "versions": (version,),
            }
        )

    kind = draw(st.sampled_from(["new", "changed", "removed"]))
    return change(
        None if kind == "new" else model(),
        None if kind == "removed" else model(),
        title=draw(words),
        kept=(KeptEdit(draw(words), draw(words), draw(words), draw(words)),),
        files_changed=(draw(words),),
        preview=draw(words),
    )


OURS = re.compile(r"</?(details|summary|sub)>|<!-- Callboard-Fingerprint: [0-9a-f]{64} -->")


def _forge_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.options["mdformat"] = {}
    parser.options["parser_extension"] = []
    mdformat.plugins.PARSER_EXTENSIONS["gfm"].update_mdit(parser)
    return parser


MARKDOWN = _forge_parser()


def acts(body: str) -> list[str]:
    """What in a text is more than text, beside what our templates write."""
    found = []
    for token in MARKDOWN.parse(body):
        for one in (token, *(token.children or ())):
            if one.type in ("html_block", "html_inline"):
                found += [tag for tag in re.findall(r"<[^>]*>?", one.content) if not OURS.fullmatch(tag)]
            elif one.type in ("link_open", "gfm_autolink_open", "image"):
                found.append(str(one.attrs))
            elif one.type == "text":
                found += re.findall(r"@\w+|(?<![&\w])#[0-9]+", one.content)
    return found


@given(st.lists(hostile_changes(), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_nothing_that_a_registry_says_is_more_than_text(changes: list[ModelChange]) -> None:
    written = text(*changes)

    assert acts(written.body) == []
    assert fingerprint_in(written.body) == FINGERPRINT
    assert written.body.count("<!--") == 1
    assert written.body.count("<details>") == written.body.count("</details>")
    assert "\n" not in written.title
    assert 0 < len(written.title) <= 256
    assert not re.search(r"@\w|#[0-9]", written.title)
    assert written == text(*changes)


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_that_a_forge_or_backstage_says_is_more_than_text(value: str) -> None:
    verdict = decide(facts(errors=(value,), labels=("hold",), author=BEA), POLICY)
    landed = landing_comment([Landed((Entity(value, "error", value), Entity(value, value, value)))])

    assert acts(verdict_comment(verdict)) == []
    assert acts(landed) == []
    assert acts(landing_comment((), wrong=value)) == []


@pytest.mark.parametrize("value", HOSTILE[:-1])
def test_nothing_that_a_policy_an_owners_file_or_a_check_says_is_more_than_text(value: str) -> None:
    owned = (Requirement((f"models/{value}",), (Owner("user", value), Owner("group", value)), 2, value),)
    policy = Merge(
        code_owners=True,
        required_checks=(RequiredCheck(name="ci", source="github-actions"),),
        title=TextRule(match=f"^{literally(value[:50])}$"),
    )
    known = facts(owned=owned, checks=(Check("ci", "success", value),), in_queue=True)

    verdict = decide(known, policy)
    later = plan([(facts(number=number), decide(facts(), Merge())) for number in (1, 2)], 1).waiting[0]
    clash = without_offenders([later], lambda some: [value] if some else []).blocked[0]

    assert {reason.code for reason in verdict.reasons} == {
        "title-unmatched", "check-other-source", "owner-approval-missing", "owner-unknown", "in-queue"
    }  # fmt: skip
    for one in (verdict, later.verdict, clash.verdict):
        assert acts(verdict_comment(one)) == []


def test_a_secret_that_got_into_a_record_does_not_get_into_a_text() -> None:
    Secret("canary-4f1d9c")
    leaking = change(
        None, FRAUD.model_copy(update={"description": "use canary-4f1d9c"}), title="canary-4f1d9c"
    )

    written = text(leaking)

    assert "canary" not in written.body + written.title


@dataclass(frozen=True)
class Entity:
    entity_ref: str
    state: str
    why: str = ""


@dataclass(frozen=True)
class Landed:
    confirmations: tuple[Entity, ...]


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "merge": ({}, "### ✅ Ready"),
    "wait": ({"reviews": ()}, "### ⏳ Not merged yet"),
    "blocked": ({"errors": ("owner is missing",)}, "### ⛔ Not merged: somebody has to do something"),
    "hold": ({"draft": True}, "### ⏸️ On hold"),
    "step-back": ({"made_by_us": False}, "### ✋ Callboard leaves this branch to you"),
    "regenerate": ({"mergeable": False}, "### 🔄 Being written anew"),
    "not-ours": ({"author": BEA}, "### \u2139\ufe0f Callboard does not merge this pull request"),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_verdict_is_explained(kind: str) -> None:
    changed, heading = CASES[kind]
    verdict = decide(facts(**changed), POLICY)

    comment = verdict_comment(verdict).replace("\\[", "[").replace("\\]", "]")

    assert verdict.kind == kind
    assert comment.startswith(heading)
    for reason in verdict.reasons:
        assert f"- **{reason.sentence}** {reason.hint}" in comment


def test_a_verdict_tells_every_reason_and_who_approved() -> None:
    known = facts(reviews=(review(), review(BEA, commit=OTHER)), errors=("owner is missing",))
    verdict = decide(known, replace_approvals(2))

    comment = verdict_comment(verdict)

    assert "- **owner is missing.** Correct it" in comment
    assert "- **Approvals: 1 of 2.**" in comment
    assert "Ask bea to look at it again and approve." in comment
    assert "Approved by ann." in comment


def replace_approvals(count: int) -> Merge:
    return POLICY.model_copy(update={"approvals": count})


def test_thousands_of_errors_are_cut() -> None:
    known = replace(facts(), errors=tuple(f"models/x.yaml:{line}:1: wrong" for line in range(5000)))

    comment = verdict_comment(decide(known, POLICY))

    assert len(comment) <= LONGEST_BODY
    assert "more, left out because" in comment


def test_after_the_merge_each_entity_is_told() -> None:
    comment = landing_comment([Landed((Entity("resource:default/fraud", "confirmed"),))])

    assert comment.startswith("### ✅ Merged, and Backstage has it")
    assert "| `resource:default/fraud` | ✅ confirmed |" in comment
    assert "looks again" not in comment


def test_what_is_pending_is_looked_at_again() -> None:
    comment = landing_comment([Landed((Entity("resource:default/fraud", "pending", "not there yet"),))])

    assert comment.startswith("### ⏳ Merged, and Backstage is still at work")
    assert "Callboard looks again with every run" in comment


@pytest.mark.parametrize("state", ["error", "foreign", "stale"])
def test_what_failed_comes_first_and_says_what_to_do(state: str) -> None:
    entities = (Entity("resource:default/a", "confirmed"), Entity("api:default/b", state, "because of that"))

    comment = landing_comment([Landed(entities)])

    assert comment.startswith("### ❌ Merged, but Backstage does not have it as it should")
    assert in_order(
        comment, f"❌ **{state}**: because of that", "✅ confirmed", "#### What to do", f"- **{state}**: "
    )


def test_what_went_wrong_before_registration_is_told() -> None:
    assert landing_comment((), wrong="The bytes differ.").startswith(
        "### ❌ Merged, and something is wrong\n\nThe bytes differ."
    )


def test_a_merged_deletion_has_nothing_to_register() -> None:
    assert "nothing new to register" in landing_comment(())


LONG = st.sampled_from([*HOSTILE, "x" * 400, "🌈" * 400, "ä|" * 200])


@given(
    st.integers(1, 1500),
    st.integers(0, 40),
    st.integers(0, 400),
    LONG,
    st.sampled_from(["new", "changed", "removed"]),
)
@settings(max_examples=10, deadline=None)
def test_whatever_is_said_it_fits_counts_what_was_cut_and_keeps_its_marks(
    count: int, ports: int, kept: int, name: str, kind: str
) -> None:
    def model(version: str) -> Model:
        inputs = tuple(Port(name=f"{version}-{port}", type="string") for port in range(ports))
        signature = Signature(inputs=inputs)
        return FRAUD.model_copy(update={"versions": (Version(name=version, signature=signature),)})

    edits = tuple(KeptEdit(name, f"field {number}", name, name) for number in range(kept))
    before, after = (None if kind == "new" else model("1")), (None if kind == "removed" else model("2"))
    first = change(before, after, title=name, kept=edits, files_changed=(name,), preview=name)
    changes = [
        replace(first, key=f"key-{number:04}", kept=edits if not number else ()) for number in range(count)
    ]

    written = text(*changes)
    body = sealed(written.title, written.body)

    assert len(body) <= 65_536
    assert len(written.title) <= 255
    assert fingerprint_in(body) == FINGERPRINT
    assert is_our_body(body)
    assert is_our_title(written.title, body)
    assert body.count("<details>") == body.count("</details>")
    assert all(line.endswith("|") for line in body.split("\n") if line.startswith("|"))
    if kind == "removed" or count > 20:
        if kind == "removed":
            overview = body.split("### For you to decide")[0]
        else:
            overview = body.split("<details><summary>All ")[1].split("</details>")[0]
        rows = re.findall(r"^\| .* \|$", overview, re.MULTILINE)
        cut = re.search(r"… and ([0-9,]+) more", overview)
        told = len(rows) - 1 + (int(cut[1].replace(",", "")) if cut else 0)
        assert told == count


def problem(line: int = 12, severity: Any = "error", message: str = "owner is missing") -> Diagnostic:
    file = "models/fraud/catalog-info.yaml"
    return Diagnostic(file, line, 5, severity, "no-owner", message, "resource:default/fraud")


def address(path: str, line: int) -> str:
    return f"https://forge.example/blob/abc/{path}#L{line}"


def test_a_verdict_leads_to_the_lines_that_are_wrong() -> None:
    verdict = decide(facts(errors=("models/fraud/catalog-info.yaml:12:5: owner is missing",)), POLICY)

    comment = verdict_comment(verdict, diagnostics=[problem(), problem(3, "warning")], address=address)

    link = "https://forge.example/blob/abc/models/fraud/catalog-info.yaml#L12"
    assert f"| [models/fraud/catalog-info.yaml:12]({link}) | ❌ error | owner is missing" in comment
    assert comment.count("owner is missing") == 1
    assert "warning" not in comment


def test_a_step_back_names_who_edited_and_how_callboard_takes_over() -> None:
    verdict = decide(facts(made_by_us=False, reviews=()), POLICY)

    comment = verdict_comment(verdict, edited_by="ann")

    assert "It was edited by **ann**." in comment
    assert "comment `/rebase`: people's commits stay" in comment
    assert "comment `/callboard rebase`" in verdict_comment(verdict, "merge request")


def test_people_are_told_whether_their_change_is_valid_and_what_stays_of_it() -> None:
    edit = KeptEdit("models/fraud/catalog-info.yaml", "spec.owner", "group:default/risk", None)

    wrong = validation_comment("a" * 40, [problem(), problem(3, "warning")], [edit], address=address)
    fine = validation_comment("a" * 40, [], word="merge request")

    assert in_order(
        wrong,
        "### ❌ Backstage would not take this: 1 error, 1 warning",
        "❌ error",
        "⚠️ warning",
        "| models/fraud/catalog-info.yaml spec.owner | (deleted) | group:default/risk |",
        "A person merges this pull request",
    )
    assert fine.startswith("### ✅ Valid for Backstage\n")
    assert "A person merges this merge request" in fine
    assert "What happens to these edits" not in fine
    assert "with 1 warning" in validation_comment("a" * 40, [problem(3, "warning")])


def test_a_reminder_says_what_is_missing_and_that_it_is_the_only_one() -> None:
    comment = nudge_comment(decide(facts(reviews=()), POLICY), 14)

    assert comment.startswith("### 👋 Nobody has touched this for 14 days")
    assert "**Approvals: 0 of 1.**" in comment
    assert "the only reminder" in comment


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_that_people_write_into_the_catalog_is_more_than_text(value: str) -> None:
    edit = KeptEdit(value, value, value, value)
    found = [Diagnostic(value, 1, 1, "error", value, value, value)]
    verdict = decide(facts(errors=(value,), made_by_us=False), POLICY)

    assert acts(validation_comment("a" * 40, found, [edit])) == []
    assert acts(verdict_comment(verdict, diagnostics=found, edited_by=value)) == []
    assert acts(nudge_comment(verdict, 14)) == []


@pytest.mark.no_cover
def test_thousands_of_edits_problems_and_reasons_fit_and_are_counted() -> None:
    edits = [KeptEdit("f" * 300, "spec.owner", "r" * 300, "p" * 300) for _ in range(3000)]
    reasons = [f"Reason {number} {'x' * 300}." for number in range(3000)]

    for comment in (validation_comment("a" * 40, [problem()] * 3000, edits), obsolete_comment(reasons)):
        assert len(comment) <= LONGEST_BODY
        assert re.search("… and [0-9],[0-9]{3} more", comment)
