"""What the inputs of the Action may say."""

from __future__ import annotations

import pytest

from callboard.action.inputs import COMMANDS, Inputs, WrongInput, read_inputs
from callboard.action.trust import EVENTS
from callboard.documents.reader import read_documents
from callboard.onboarding import onboarding_files
from tests.action.runner import read_definition
from tests.contracts.packages import CHECKOUT


def test_what_is_left_out_has_its_default() -> None:
    assert read_inputs({"INPUT_COMMAND": "sync"}) == Inputs("sync", "callboard.yaml")
    empty = {"INPUT_CONFIG": "", "INPUT_PATHS": "", "INPUT_DRY_RUN": "", "INPUT_PRUNE": ""}
    assert read_inputs({"INPUT_COMMAND": "sync"} | empty) == Inputs("sync", "callboard.yaml")


def test_every_input_is_read() -> None:
    sync = {"INPUT_COMMAND": "sync", "INPUT_CONFIG": "c.yaml", "INPUT_DRY_RUN": "true", "INPUT_PRUNE": "true"}
    assert read_inputs(sync) == Inputs("sync", "c.yaml", (), dry_run=True, prune=True)
    refresh = {"INPUT_COMMAND": "diff", "INPUT_REFRESH": "true"}
    assert read_inputs(refresh) == Inputs("diff", "callboard.yaml", refresh=True)
    validate = {"INPUT_COMMAND": "validate", "INPUT_PATHS": " a b \n\n-c\n"}
    assert read_inputs(validate).paths == ("a b", "-c")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "the input command is ''; it may be sync, validate, reconcile, diff"),
        ({"INPUT_COMMAND": "serve"}, "the input command is 'serve'"),
        (
            {"INPUT_COMMAND": "sync", "INPUT_PRUNE": "yes"},
            "the input prune is 'yes'; it may be true or false",
        ),
        ({"INPUT_COMMAND": "sync", "INPUT_PATHS": "a"}, "the input paths is for validate, not for sync"),
        ({"INPUT_COMMAND": "diff", "INPUT_DRY_RUN": "true"}, "the input dry-run is for sync, not for diff"),
        ({"INPUT_COMMAND": "validate", "INPUT_PRUNE": "true"}, "the input prune is for sync and diff"),
    ],
)
def test_an_input_that_would_not_be_heeded_is_refused(inputs: dict[str, str], said: str) -> None:
    with pytest.raises(WrongInput) as caught:
        read_inputs(inputs)
    assert said in str(caught.value)


def test_action_yml_and_the_documentation_know_the_same_inputs_and_outputs() -> None:
    definition = read_definition(CHECKOUT / "action.yml")
    text = (CHECKOUT / "docs" / "action.md").read_text(encoding="utf-8")
    for name in (*definition["inputs"], *definition["outputs"], *COMMANDS):
        assert f"| `{name}` |" in text
    assert all(name in definition["inputs"]["command"]["description"] for name in COMMANDS)


def test_the_workflows_that_init_writes_use_the_action_as_it_is() -> None:
    files = onboarding_files(
        repository="https://github.com/acme/models", base="main", source="files", where="cards",
        owner="group:default/team", system=None, backstage="https://backstage.acme.example",
    )  # fmt: skip
    inputs = read_definition(CHECKOUT / "action.yml")["inputs"].keys()
    used: dict[str, set[str]] = {}
    for path, text in files.items():
        if path.startswith(".github/workflows/"):
            (document,) = read_documents(text, path).documents
            (job,) = document.value["jobs"].values()
            steps = [step["with"] for step in job["steps"] if step["uses"].startswith("callboard/")]
            assert all(step.keys() <= inputs for step in steps)
            used |= {step["command"]: set(document.value["on"]) for step in steps}
    assert used.keys() == {"sync", "reconcile", "validate"}
    assert used["sync"] | used["reconcile"] <= {*EVENTS}
