"""What says of itself that it is a catalog file."""

from __future__ import annotations

import pytest

from callboard.validation.recognition import says_it_is_one


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfapiVersion: backstage.io/v1alpha1\n",
        b"# a\n--- {kind: System, apiVersion: backstage.io/v1alpha1, metadata: {name: a}}\n",
        b'{\n  "apiVersion": "backstage.io/v1alpha1"\n}\n',
        b'\xef\xbb\xbf{"apiVersion":"backstage.io/v1alpha1"}',
        b"kind: System\r\napiVersion:  # where\r\n  backstage.io/v1alpha1\r\n",
        b"apiVersion:\n\n  'backstage.io/v1alpha1'\n",
        b"apiVersion: &a !!str backstage.io/v1alpha1\n",
        b"apiVersion: !!str\n  backstage.io/v1alpha1\n",
        b"apiVersion: >-\n  backstage.io/v1alpha1\n",
        b"apiVersion: v1\n---\napiVersion: backstage.io/v1alpha1\n",
    ],
)
def test_a_document_says_that_it_is_an_entity_in_any_usual_way(text: bytes) -> None:
    assert says_it_is_one("a.yaml", text)
    assert not says_it_is_one("a.yaml", text.replace(b"apiVersion", b"version"))
    assert not says_it_is_one("a.yaml", text.replace(b"backstage", b"example"))


@pytest.mark.parametrize(
    "text",
    [
        b"apiVersion: v1\ndata:\n  a: |\n    apiVersion: backstage.io/v1alpha1\n",
        b"apiVersion: v1\nitems:\n  - apiVersion: backstage.io/v1alpha1\n",
        b'{"apiVersion": "v1", "items": [{"apiVersion": "backstage.io/v1alpha1"}]}',
        b'{"kind": "ConfigMap", "data": {"a": "apiVersion: backstage.io/v1alpha1"}}',
        b"spec: {group: backstage.io/v1}\napiVersion: v1\n",
        b"apiVersion: v1 # backstage.io/\n",
        b"apiVersion: v1\nbackstage.io/kind: x\n",
        b"# apiVersion: backstage.io/v1alpha1\n",
    ],
)
def test_what_only_holds_an_entity_somewhere_is_no_catalog_file(text: bytes) -> None:
    assert not says_it_is_one("a.yaml", text)
    assert says_it_is_one("catalog-info.yaml", text)
