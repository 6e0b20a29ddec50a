from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.changes.difference import Difference
from callboard.changes.differences import differences
from callboard.model import (
    Artifact,
    Card,
    Endpoint,
    Evaluation,
    License,
    Lineage,
    Link,
    Model,
    Port,
    Signature,
    Version,
)


def model(**fields: Any) -> Model:
    return Model(**{"source": "prod", "id": "fraud", "name": "fraud-detector", **fields})


def only(before: Model, after: Model) -> Difference:
    (difference,) = differences(before, after)
    return difference


def signature(*inputs: Port, outputs: tuple[Port, ...] = (), parameters: tuple[Port, ...] = ()) -> Model:
    return model(signature=Signature(inputs=inputs, outputs=outputs, parameters=parameters))


def test_nothing_and_an_unchanged_model_have_nothing_to_say() -> None:
    assert differences(None, None) == ()
    assert differences(model(), model()) == ()


def test_times_revisions_and_provenance_concern_no_user_of_a_model() -> None:
    before = model(updated_at="2026-01-01T00:00:00Z", revision="a", provenance={"name": "prod"})
    after = model(
        updated_at="2026-02-01T00:00:00Z",
        revision="b",
        provenance={"name": "cards"},
        said={"owner": "x"},
    )

    assert differences(before, after) == ()


def test_another_category_is_a_detail() -> None:
    found = only(model(categories=("text",)), model(categories=("text", "reasoning")))

    assert (found.kind, found.sentence) == ("details", "The categories changed: reasoning added.")


def test_a_new_model_is_one_difference() -> None:
    (difference,) = differences(None, model(title="Fraud detector", versions=(Version(name="4"),)))

    assert difference.kind == "new-model"
    assert difference.sentence == "Fraud detector is new in the catalog, with version 4."


def test_a_new_model_without_versions_says_so() -> None:
    (difference,) = differences(None, model())

    assert difference.sentence == "fraud-detector is new in the catalog; it has no version yet."


def test_a_model_that_goes_breaks_its_users() -> None:
    (difference,) = differences(model(versions=(Version(name="4"),)), None)

    assert (difference.kind, difference.severity, difference.before) == ("model-removed", "breaking", "4")


def test_a_new_version_says_from_which_to_which() -> None:
    before = model(versions=(Version(name="3"),))
    after = model(versions=(Version(name="4"), Version(name="3")))

    difference = only(before, after)

    assert difference.kind == "new-version"
    assert (difference.before, difference.after) == ("3", "4")
    assert difference.sentence == "Version 4 is new (before: 3)."


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        ("", "1", ["Version 1 is new."]),
        ("3", "543", ["Versions 5 and 4 are new; the newest is 5 (before: 3)."]),
        ("3", "32", ["Version 2 is new; the newest is still 3."]),
        ("43", "3", ["Version 4 is no longer in the registry.", "The newest version is now 3 (before: 4)."]),
        ("43", "35", ["Version 5 is new; the newest is now 3 (before: 4).",
                      "Version 4 is no longer in the registry."]),
        ("43", "34", ["The newest version is now 3 (before: 4)."]),
        ("9876543210", "9", ["Versions 8, 7, 6, 5, 4 and 4 more are no longer in the registry."]),
        ("1", "", ["Version 1 is no longer in the registry."]),
    ],
)  # fmt: skip
def test_versions_come_and_go(before: str, after: str, sentences: list[str]) -> None:
    old = model(versions=tuple(Version(name=name) for name in before))
    new = model(versions=tuple(Version(name=name) for name in after))

    found = differences(old, new)

    assert [difference.sentence for difference in found] == sentences


def test_an_alias_that_moves_says_from_where_to_where() -> None:
    before = model(versions=(Version(name="4"), Version(name="3", aliases=("champion", "old"))))
    after = model(versions=(Version(name="4", aliases=("champion", "new")), Version(name="3")))

    assert [(one.severity, one.sentence) for one in differences(before, after)] == [
        ("important", "The alias champion moved from version 3 to 4."),
        ("important", "The alias old is gone (it pointed to version 3)."),
        ("minor", "The new alias new points to version 4."),
    ]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (Artifact(uri="s3://a", digest="sha256:1"), Artifact(uri="s3://a", digest="sha256:2")),
        (Artifact(uri="s3://a", digest="sha256:1"), Artifact(uri="s3://b", digest="sha256:2")),
        (Artifact(uri="s3://a", size=10), Artifact(uri="s3://a", size=11)),
    ],
)
def test_files_that_change_without_a_new_version_are_told_as_suspicious(was: Artifact, now: Artifact) -> None:
    before = model(versions=(Version(name="3", artifacts=(was,)),))
    after = model(versions=(Version(name="3", artifacts=(now,)),))

    difference = only(before, after)

    assert (difference.kind, difference.severity) == ("files-replaced", "important")
    assert "without a new version" in difference.sentence
    assert difference.before != difference.after


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (Artifact(uri="s3://a", digest="sha256:1"), Artifact(uri="s3://moved", digest="sha256:1")),
        (Artifact(uri="s3://a", size=10), Artifact(uri="s3://a", size=10, digest="sha256:1")),
        (Artifact(uri="s3://a", digest="sha256:1"), Artifact(uri="s3://a")),
    ],
)
def test_files_that_move_or_get_a_digest_are_not_suspicious(was: Artifact, now: Artifact) -> None:
    before = model(versions=(Version(name="3", artifacts=(was,)),))
    after = model(versions=(Version(name="3", artifacts=(now,)),))

    assert only(before, after).kind == "details"


def test_a_file_that_joins_an_old_version_is_suspicious() -> None:
    weights = Artifact(uri="s3://a", digest="sha256:1")
    before = model(versions=(Version(name="3", artifacts=(weights,)),))
    after = model(
        versions=(Version(name="3", artifacts=(weights, Artifact(uri="s3://b.pkl", digest="sha256:2"))),)
    )

    assert only(before, after).kind == "files-replaced"


X = Port(name="x", type="double")


@pytest.mark.parametrize(
    ("before", "after", "severity", "sentence"),
    [
        (signature(), signature(X), "breaking", "Callers must now send the input x (double)."),
        (signature(), signature(X.model_copy(update={"optional": True})), "minor",
         "There is a new optional input x (double)."),
        (signature(X), signature(), "breaking",
         "The input x is gone: callers that still send it may be refused."),
        (signature(X), signature(Port(name="x", type="long")), "breaking",
         "The input x must now be long (it was double)."),
        (signature(X), signature(X.model_copy(update={"optional": True})), "minor",
         "The input x is now optional."),
        (signature(X.model_copy(update={"optional": True})), signature(X), "breaking",
         "The input x was optional and is now required."),
        (signature(Port(name="x", type="float", shape=(1, 8))),
         signature(Port(name="x", type="float", shape=(-1, 8))), "minor",
         "The input x may now be float [-1, 8] (it was float [1, 8]); what callers send fits."),
        (signature(Port(name="x", type="float", shape=("batch", 8))),
         signature(Port(name="x", type="float", shape=("batch", 9))), "breaking",
         "The input x must now be float [batch, 9] (it was float [batch, 8])."),
        (signature(Port(name="x", type="float", shape=(1,))), signature(Port(name="x", type="float")),
         "breaking",
         "The input x must now be float (it was float [1])."),
        (signature(parameters=()), signature(parameters=(X,)), "breaking",
         "Callers must now send the parameter x (double)."),
        (signature(outputs=(X,)), signature(), "breaking",
         "The output x is gone: callers that read it will fail."),
        (signature(), signature(outputs=(X,)), "minor", "There is a new output x (double)."),
        (signature(outputs=(X,)), signature(outputs=(Port(name="x", type="long"),)), "breaking",
         "The output x is now long (it was double)."),
        (signature(outputs=(Port(name="x", type="float", shape=(-1,)),)),
         signature(outputs=(Port(name="x", type="float", shape=(1,)),)), "minor",
         "The output x is now float [1] (it was float [-1])."),
        (signature(outputs=(X,)), signature(outputs=(X.model_copy(update={"optional": True}),)), "breaking",
         "The output x may now be missing."),
        (signature(outputs=(X.model_copy(update={"optional": True}),)), signature(outputs=(X,)), "minor",
         "The output x is now always there."),
        (model(), signature(X), "minor", "The signature is now stated."),
        (signature(X), model(), "important",
         "The signature is no longer stated: nothing tells callers what to send."),
        (signature(X, Port(name="y", type="long")), signature(Port(name="y", type="long"), X), "important",
         "The order of the inputs changed; it matters to callers that go by position."),
    ],
)  # fmt: skip
def test_a_signature_tells_whether_it_breaks_callers(
    before: Model, after: Model, severity: str, sentence: str
) -> None:
    difference = only(before, after)

    assert (difference.kind, difference.severity) == ("signature", severity)
    assert difference.sentence == sentence


def test_ports_without_a_name_are_told_apart_by_their_position() -> None:
    tensor = Port(name="", type="float", shape=(1,))
    before = signature(tensor, tensor)
    after = signature(tensor, tensor.model_copy(update={"type": "double"}))

    assert only(before, after).subject == "input (number 2)"


def test_the_signature_of_the_newest_version_goes_before_that_of_the_model() -> None:
    before = model(signature=Signature(inputs=(X,)), versions=(Version(name="1"),))
    after = model(versions=(Version(name="1", signature=Signature(inputs=(X,))),))

    assert only(before, after).kind == "details"


A = Endpoint(url="https://a.example", protocol="rest", needs_key=False)


@pytest.mark.parametrize(
    ("before", "after", "severity", "sentence"),
    [
        ((), (A,), "important", "The model is now served at https://a.example (rest)."),
        ((A,), (), "breaking",
         "The model is no longer served at https://a.example: callers of it will fail."),
        ((A,), (A.model_copy(update={"url": "https://b.example"}),), "breaking",
         "The endpoint moved from https://a.example to https://b.example: callers must change the address."),
        ((A,), (A.model_copy(update={"protocol": "grpc"}),), "breaking",
         "The endpoint https://a.example now speaks grpc (before: rest)."),
        ((A,), (A.model_copy(update={"needs_key": True}),), "breaking",
         "The endpoint https://a.example now needs a key: callers without one will be refused."),
        ((A.model_copy(update={"needs_key": True}),), (A,), "important",
         "The endpoint https://a.example no longer needs a key: anyone who reaches it may call it."),
        ((A.model_copy(update={"needs_key": None}),), (A,), "minor",
         "Whether the endpoint https://a.example needs a key is now said to be: not needed."),
        ((A,), (A.model_copy(update={"version": "4"}),), "important",
         "The endpoint https://a.example now serves version 4 (before: an unknown version)."),
        ((A,), (A.model_copy(update={"definition": "openapi: 3.1.0"}),), "important",
         "The API definition of https://a.example changed."),
    ],
)  # fmt: skip
def test_an_endpoint_tells_what_callers_must_do(
    before: tuple[Endpoint, ...], after: tuple[Endpoint, ...], severity: str, sentence: str
) -> None:
    difference = only(model(endpoints=before), model(endpoints=after))

    assert (difference.kind, difference.severity) == ("endpoint", severity)
    assert difference.sentence == sentence


def test_endpoints_that_cannot_be_paired_come_and_go() -> None:
    b, c = (A.model_copy(update={"url": f"https://{name}.example"}) for name in "bc")

    found = differences(model(endpoints=(A, b)), model(endpoints=(c,)))

    assert [one.severity for one in found] == ["breaking", "breaking", "important"]


def measured(*evaluations: Evaluation) -> Model:
    return model(versions=(Version(name="1", evaluations=evaluations),))


@pytest.mark.parametrize(
    ("metric", "stated", "was", "now", "direction", "severity"),
    [
        ("f1", None, 0.91, 0.93, "better", "minor"),
        ("f1", None, 0.93, 0.91, "worse", "important"),
        ("val_loss", None, 0.3, 0.2, "better", "minor"),
        ("val_loss", None, 0.2, 0.3, "worse", "important"),
        ("energy", None, 1.0, 2.0, "changed", "minor"),
        ("energy", False, 1.0, 2.0, "worse", "important"),
        ("f1", False, 0.91, 0.93, "worse", "important"),
    ],
)
def test_a_metric_has_a_direction_where_one_is_known(
    metric: str, stated: bool | None, was: float, now: float, direction: str, severity: str
) -> None:
    before = measured(Evaluation(metric=metric, value=was))
    after = measured(Evaluation(metric=metric, value=now, higher_is_better=stated))

    difference = only(before, after)

    assert (difference.direction, difference.severity) == (direction, severity)


def test_metrics_are_compared_across_versions_whatever_run_measured_them() -> None:
    one = Evaluation(metric="f1", value=0.91, dataset="claims", split="test", source="run 1")
    before = model(versions=(Version(name="3", evaluations=(one,)),))
    two = one.model_copy(update={"value": 0.93, "source": "run 2"})
    after = model(
        versions=(Version(name="4", evaluations=(two,)), Version(name="3", evaluations=(one,))),
    )

    assert [difference.sentence for difference in differences(before, after)] == [
        "Version 4 is new (before: 3).",
        "f1 (claims, test) went from 0.91 to 0.93: better.",
    ]


def test_two_sources_that_measured_the_same_are_compared_each_with_itself() -> None:
    def measures(first: float, second: float) -> Model:
        return measured(
            Evaluation(metric="f1", value=first, source="authors"),
            Evaluation(metric="f1", value=second, source="leaderboard"),
        )

    difference = only(measures(0.9, 0.8), measures(0.9, 0.85))

    assert (difference.before, difference.after) == ("0.8", "0.85")


def test_a_metric_appears_and_disappears() -> None:
    f1 = Evaluation(metric="f1", value=0.9)

    assert only(measured(), measured(f1)).sentence == "f1 is measured now: 0.9."
    assert only(measured(f1), measured()).sentence == "f1 is no longer measured (it was 0.9)."


@pytest.mark.parametrize(
    ("was", "now", "kind", "severity", "sentence"),
    [
        ({"license": License(id="MIT")}, {"license": License(id="Apache-2.0")}, "license", "important",
         "The license is now Apache-2.0 (it was MIT)."),
        ({}, {"license": License(id="other", name="Acme")}, "license", "minor",
         "The license is now stated: other (Acme)."),
        ({"license": License(id="MIT")}, {}, "license", "important",
         "No license is stated any more (it was MIT): nothing says what users may do."),
        ({"license": License(id="MIT")}, {"license": License(id="MIT", url="https://x.example")}, "license",
         "minor", "The license is still MIT, but its name or address changed."),
        ({"owner": "ann"}, {"owner": "bea"}, "owner", "important", "The owner is now bea (it was ann)."),
        ({"owner": "ann"}, {}, "owner", "important", "The owner is no longer stated (it was ann)."),
        ({}, {"owner": "bea"}, "owner", "minor", "The owner is now stated: bea."),
        ({"lifecycle": "experimental"}, {"lifecycle": "production"}, "lifecycle", "important",
         "The lifecycle is now production (it was experimental)."),
        ({"name": "a"}, {"name": "b"}, "name", "important", "The name is now b (it was a)."),
        ({"lineage": Lineage(base_models=("llama-2",))}, {"lineage": Lineage(base_models=("llama-3",))},
         "base-model", "important", "The base models changed: llama-3 added, llama-2 removed."),
        ({"description": "a"}, {"description": "b"}, "description", "minor", "The description changed."),
        ({}, {"description": "b"}, "description", "minor", "There is a description now."),
        ({"description": "a"}, {}, "description", "minor", "The description is gone."),
        ({"card": Card(markdown="a")}, {"card": Card(markdown="a\nb")}, "card", "minor",
         "The model card changed (2 lines, before 1)."),
        ({"card": Card(markdown="a")}, {}, "card", "minor", "The model card is gone."),
        ({"tags": tuple("abcdefg")}, {}, "details", "minor",
         "The tags changed: a, b, c, d, e and 2 more removed."),
        ({}, {"properties": {"team": "risk"}}, "details", "minor",
         "The properties changed: team: risk added."),
        ({}, {"links": (Link(url="https://x.example", title="Home"),)}, "details", "minor",
         "The links changed: Home: https://x.example added."),
        ({"versions": (Version(name="1", state="READY"),)}, {"versions": (Version(name="1"),)},
         "version-state", "minor", "The state of version 1 is now none (before: READY)."),
        ({"versions": (Version(name="1", description="a"),)}, {"versions": (Version(name="1"),)},
         "details", "minor", "The description of version 1 changed."),
        ({"versions": (Version(name="1", tags={"a": "b"}),)}, {"versions": (Version(name="1"),)},
         "details", "minor", "The tags of version 1 changed."),
        ({"versions": (Version(name="2"), Version(name="1"))},
         {"versions": (Version(name="2"), Version(name="1", signature=Signature()))},
         "details", "minor", "What version 1 measured or takes was corrected."),
        ({"tags": ("a", "b")}, {"tags": ("b", "a")}, "details", "minor",
         "Something in the record changed that callers do not see, such as an order or a run's id."),
    ],
)  # fmt: skip
def test_each_field_that_changes_is_said_in_one_sentence(
    was: dict[str, Any], now: dict[str, Any], kind: str, severity: str, sentence: str
) -> None:
    difference = only(model(**was), model(**now))

    assert (difference.kind, difference.severity) == (kind, severity)
    assert difference.sentence == sentence


def test_what_matters_most_comes_first() -> None:
    before = model(description="a", license=License(id="MIT"), endpoints=(A,), versions=(Version(name="1"),))
    after = model(description="b", versions=(Version(name="2"), Version(name="1")))

    assert [one.kind for one in differences(before, after)] == [
        "endpoint",
        "new-version",
        "license",
        "description",
    ]


names = st.sampled_from(["a", "b", "c", ""])
words = st.one_of(st.none(), names)
ports = st.builds(
    Port,
    name=names,
    type=names,
    shape=st.one_of(st.none(), st.tuples(st.one_of(st.integers(-1, 2), names))),
    optional=st.booleans(),
)
signatures = st.builds(
    Signature, inputs=st.tuples() | st.tuples(ports) | st.tuples(ports, ports), outputs=st.tuples(ports)
)
evaluations = st.builds(
    Evaluation,
    metric=names,
    value=st.floats(-1, 1),
    dataset=words,
    source=words,
    higher_is_better=st.sampled_from([None, True, False]),
)
versions = st.builds(
    Version,
    name=names,
    state=words,
    aliases=st.tuples() | st.tuples(names),
    artifacts=st.lists(
        st.builds(Artifact, uri=names, digest=words, size=st.none() | st.integers(0, 2)), max_size=2
    ).map(tuple),
    signature=st.none() | signatures,
    evaluations=st.lists(evaluations, max_size=2).map(tuple),
    run_id=words,
)
endpoints = st.builds(
    Endpoint, url=names, protocol=names, needs_key=st.sampled_from([None, True, False]), version=words
)
models = st.builds(
    Model,
    source=st.just("prod"),
    id=st.just("fraud"),
    name=names,
    title=words,
    description=words,
    owner=words,
    license=st.none() | st.builds(License, id=names, name=words),
    tags=st.lists(names, max_size=2).map(tuple),
    versions=st.lists(versions, max_size=3, unique_by=lambda version: version.name).map(tuple),
    endpoints=st.lists(endpoints, max_size=2).map(tuple),
    evaluations=st.lists(evaluations, max_size=2).map(tuple),
    signature=st.none() | signatures,
    card=st.none() | st.builds(Card, markdown=names),
    updated_at=words,
)


@given(models, models)
@settings(max_examples=150, deadline=None)
def test_two_records_differ_for_a_user_exactly_when_something_is_said(before: Model, after: Model) -> None:
    found = differences(before, after)

    silent = {"updated_at"}
    assert bool(found) == (before.model_dump(exclude=silent) != after.model_dump(exclude=silent))
    assert found == differences(before, after)
    assert [one.rank for one in found] == sorted(one.rank for one in found)
    assert all(one.sentence.endswith(".") and len(one.sentence) < 1000 for one in found)
