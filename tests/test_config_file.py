"""callboard.yaml: what is wrong is said with its place, all at once, and no secret is said."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from callboard.config import Config, RemoteSettings, Settings, SourceSettings
from callboard.config_faults import _described
from callboard.config_file import ConfigError, load_config
from callboard.config_schema import config_schema
from callboard.sources.registry import SOURCE_TYPES, source_type

CHECKOUT = Path(__file__).parents[1]


class Remote(RemoteSettings):
    """A source like those that have a server."""

    page_size: int = 100


class Folder(SourceSettings):
    """A source like the one that reads files."""

    path: Path


TYPES: dict[str, type[SourceSettings]] = {"mlflow": Remote, "files": Folder}


def load(text: str | bytes) -> Config:
    return load_config(text, "callboard.yaml", TYPES.__getitem__, tuple(TYPES))


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert len(str(caught.value).splitlines()) == len(caught.value.faults)
    return str(caught.value).splitlines()


GOOD = """\
catalog:
  repository: https://github.com/acme/model-catalog
sources:
  - {name: prod-mlflow, type: mlflow, url: https://mlflow.acme.example, token: {env: TOKEN}, page-size: 10}
  - {name: cards, type: files, path: ./cards, formerly: [old-cards]}
pull-requests: {group-by: all}
"""


def test_a_right_configuration_is_typed() -> None:
    config = load(GOOD)
    assert config.catalog.repository == "https://github.com/acme/model-catalog"
    assert config.pull_requests.group_by == "all"
    remote, folder = config.sources
    assert isinstance(remote, Remote)
    assert remote.page_size == 10
    assert isinstance(folder, Folder)
    assert folder.path == Path("cards")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "sources:\n", b"\xef\xbb\xbf{}"])
def test_an_empty_configuration_is_all_defaults(text: str | bytes) -> None:
    assert load(text) == Config()


# Each pair: a text (with \n for the end of a line), and how the only fault begins.
FAULTS = r"""
catalog: {repositry: x}
1:11: catalog.repositry is not a key that is known here; did you mean 'repository'?
pull_requests: {}
1:1: pull_requests is not a key that is known here; did you mean 'pull-requests'?
colour: {}
1:1: colour is not a key that is known here; use one of: pause, catalog, defaults,
merge:\n  method: sqash
2:11: merge.method has a value that is not known here; did you mean 'squash'?
merge:\n  method: no
2:11: merge.method has a value that is not known here; use one of: merge, squash
merge: {approvals: 0}
1:20: merge.approvals has a wrong value; input should be greater than or equal to 1
backstage: {}
1:1: backstage.url is missing; add it
catalog: []
1:10: catalog is not a mapping; write its keys
sources: {}
1:10: sources is not a list; begin each source with '- name:'
sources: [a]
1:11: the source is not a mapping;
sources: [{name: a}]
1:11: the source has no type; add one of: mlflow, files
sources: [{name: a, type: mlfow}]
1:27: 'mlfow' is not a type of source; did you mean 'mlflow'?
sources: [{name: a, type: []}]
1:27: '[]' is not a type of source; use one of: mlflow, files
sources: [{name: a, type: github-models}]
1:27: 'github-models' is not a type of source; GitHub Models was retired on 2026-07-30; use type openai
sources:\n- {name: a, type: mlflow, url: https://x, page_size: 1}
2:43: sources[0].page_size is not a key that is known here; did you mean 'page-size'?
sources:\n- {name: a, type: mlflow, url: https://x, select: {includ: [a]}}
2:52: sources[0].select.includ is not a key that is known here; did you mean 'include'?
sources:\n- {name: a, type: files, path: b}\n- {name: a, type: files, path: b}
3:10: the source name 'a' is already taken at callboard.yaml:2:10; give each source a name of its own
sources:\n- {name: a, type: files, path: b}\n- {name: b, type: files, path: b, formerly: [a]}
3:46: the source name 'a' is already taken at callboard.yaml:2:10; give each source a name of its own
sources: [{name: cards, type: files, path: b}]\nlinks: {same: [["cards:x", "crads:y"]]}
2:28: there is no source 'crads'; did you mean 'cards'?
sources: [{name: a, type: files, path: b, formerly: [old]}]\nlinks: {means: {old: [a, new]}, order: [old]}
2:26: there is no source 'new'; use one of: a, old
links: {order: [a]}
1:17: there is no source 'a'; configure one by that name
links: {apart: [["a:x"]]}
1:17: links.apart[0] has too few values; give at least 2
links: {same: [["no colon", "a:x", "b:y"]]}
1:17: links.same[0][0] is not written as it has to be; write SOURCE:ID or SOURCE:NAME, by a source's name
sources: [{name: A b, type: files, path: x}]
1:18: sources[0].name is not written as it has to be; write lower-case letters, digits and single dashes
merge: {approvals: true}
1:20: merge.approvals has a wrong value; input should be a valid integer
merge: {approvals: "2"}
1:20: merge.approvals has a wrong value; input should be a valid integer
pull-requests: {limit: true}
1:24: pull-requests.limit has a wrong value; input should be a valid integer
catalog: {base: "a..b"}
1:17: catalog.base is not written as it has to be; write the name of a branch: letters,
catalog: {base: "main branch"}
1:17: catalog.base is not written as it has to be; write the name of a branch: letters,
catalog: {base: feature/}
1:17: catalog.base is not written as it has to be; write the name of a branch: letters,
catalog: {path: ../up}
1:17: catalog.path is not written as it has to be; write a folder below the repository's root:
catalog: {scope: a b}
1:18: catalog.scope is not written as it has to be; write letters, digits and . _ : / -, with
catalog: {scope: ""}
1:18: catalog.scope is not written as it has to be; write letters, digits and . _ : / -, with
catalog: {token: {env: $TOKEN}}
1:24: catalog.token.env is not written as it has to be; write a variable's name: letters, digits
catalog:\n  repository: acme/model-catalog
2:15: catalog.repository is not written as it has to be; write the address of a repository: https://HOST/
catalog:\n  repository: https://github.com/acme
2:15: catalog.repository is not written as it has to be; write the address of a repository: https://HOST/
catalog: {repository: "https://gitlab.com/acme/c/-/tree/main"}
1:23: catalog.repository is not written as it has to be; write the address of a repository: https://HOST/
catalog: {repository: "git@github.com:acme/catalog"}
1:23: catalog.repository is not written as it has to be; write the address of a repository: https://HOST/
catalog: {api-url: ghe.acme.example}
1:20: catalog.api-url is not written as it has to be; write an address that begins with https:// or
backstage: {url: backstage}
1:18: backstage.url is not written as it has to be; write an address that begins with https:// or
pull-requests: {branch-prefix: callboard}
1:32: pull-requests.branch-prefix is not written as it has to be; write lower-case letters, digits and
sources:\n- {name: a, type: files, path: b, select: {include: "*"}}
2:53: sources[0].select.include is not a list; write a list: ["*"]
merge: {hold-labels: {a: b}}
1:22: merge.hold-labels is not a list; write a list: [one, another]
sources:\n- {name: a, type: mlflow, url: https://x, token: {env: A, file: b}}
2:50: sources[0].token cannot be used; give either env
catalog: {}\n---\nmerge: {}
3:1: there is more than one document; keep one
catalog: {}\ncatalog: {}
2:1: the key 'catalog' stands twice in one mapping; keep one of the two
catalog: [
1:10: not YAML:
[]
1:1: the configuration is not a mapping; write keys such as 'sources:'
"""
LINES = FAULTS.strip().splitlines()


@pytest.mark.parametrize(("text", "said"), list(zip(LINES[::2], LINES[1::2], strict=True)))
def test_a_fault_says_where_what_and_the_nearest_right(text: str, said: str) -> None:
    (line,) = faults(text.replace(r"\n", "\n"))
    assert line.startswith(f"callboard.yaml:{said}")


@pytest.mark.parametrize(
    "repository",
    [
        "https://github.com/acme/model-catalog",
        "https://github.com/acme/.github.git",
        "http://127.0.0.1:8080/acme/catalog/",
        "https://gitlab.acme.example/at/a/path/acme/ml/model-catalog",
    ],
)
def test_any_address_of_a_repository_is_taken(repository: str) -> None:
    config = load(
        f"catalog: {{repository: '{repository}', base: release/v1.2, scope: acme.example:8080/a_b}}"
    )

    assert config.catalog.repository == repository


def test_every_pattern_of_the_configuration_is_said_in_words() -> None:
    kinds: list[type[Settings]] = [Config, *(source_type(name).settings for name in SOURCE_TYPES)]
    for kind in kinds:
        schema = kind.model_json_schema()
        for pattern in _patterns(schema):
            assert _described(schema, pattern), pattern


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict) and isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    inside = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for one in inside:
        yield from _patterns(one)


def test_all_faults_are_said_at_once_in_order() -> None:
    text = (
        GOOD.replace("repository", "repo").replace("page-size", "pages").replace("group-by: all", "limit: 0")
    )
    assert [line.split(":")[1] for line in faults(text)] == ["2", "4", "6"]


SOURCE = "sources: [{name: a, type: mlflow, url: 'https://x'"


@pytest.mark.parametrize(
    "text",
    [
        "catalog: {token: hunter2-hunter2}",
        "backstage: {url: https://x, token: hunter2-hunter2}",
        "backstage: {url: https://x, token: {value: hunter2-hunter2}}",
        "backstage: {url: https://x, token: [hunter2-hunter2]}",
        f"{SOURCE}, token: hunter2-hunter2}}]",
        f"{SOURCE}, password: hunter2-hunter2}}]",
        f"{SOURCE}, pasword: hunter2-hunter2}}]",
        "sources: [{name: a, type: mlflow, url: 'https://me:hunter2-hunter2@x'}]",
        "sources: [{name: a, type: mlflo, url: 'https://me:hunter2-hunter2@x'}]",
        "sources: [{name: a, type: mlflow, url: 'https://hunter2-hunter2@x'}]",
        "catalog: {repository: 'https://hunter2-hunter2@github.com/acme/catalog'}",
        "catalog: {api-url: 'https://hunter2-hunter2@ghe.acme.example/api/v3'}",
        "backstage: {url: 'https://hunter2-hunter2@backstage.acme.example'}",
        "token: hunter2-hunter2",
        "merge: {method: hunter2-hunter2}",
    ],
)
def test_a_secret_in_the_file_is_an_error_that_does_not_say_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert (
        "hunter2"
        not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
    )


def test_an_inline_secret_is_answered_with_how_to_refer_to_one() -> None:
    (line,) = faults("catalog:\n  token: hunter2-hunter2\n")
    assert line == (
        "callboard.yaml:2:10: catalog.token is a secret, and no secret may stand in this file; "
        "write token: {env: NAME_OF_A_VARIABLE}, and have the secret replaced"
    )


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "catalog: {repository: 'https://hunter2@github.com/acme/c'}",
            "give token: {env: NAME_OF_A_VARIABLE}",
        ),
        ("catalog: {api-url: 'https://me:hunter2@x/api/v4'}", "give token: {env: NAME_OF_A_VARIABLE}"),
        (
            f"{SOURCE.replace('//', '//hunter2@')}}}]",
            "give token: {env: …}, or username and password: {env: …}",
        ),
        ("backstage: {url: 'https://hunter2@x'}", "give token: {env: NAME_OF_A_VARIABLE}"),
    ],
)
def test_an_address_with_a_secret_is_refused_with_where_the_secret_belongs(text: str, advice: str) -> None:
    (line,) = faults(text)

    assert "is an address with a user, a token or a password in it" in line
    assert line.endswith(advice)


KEYS = [
    "catalog",
    "sources",
    "merge",
    "backstage",
    "name",
    "type",
    "url",
    "token",
    "env",
    "select",
    "formerly",
    "x",
]
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["mlflow", "files", "https://x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(KEYS), ANY))
def test_no_configuration_ends_in_anything_but_faults(value: dict[str, object]) -> None:
    places: list[int] = []
    try:
        load(json.dumps(value))
    except ConfigError as error:
        places = [fault.place.line for fault in error.faults]
    assert 0 not in places


def test_the_schema_accepts_what_the_reader_accepts() -> None:
    schema = config_schema(TYPES)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(GOOD))
    assert not validator.is_valid(yaml.safe_load(GOOD.replace("page-size", "page_size")))
    assert not validator.is_valid(yaml.safe_load(GOOD.replace("type: files", "type: mlflow")))
    assert not validator.is_valid({"pull_requests": {}})


def test_the_schemas_that_ship_are_current() -> None:
    command = [sys.executable, str(CHECKOUT / "tools" / "write_schemas.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
