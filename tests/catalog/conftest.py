from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.catalog.reader import techdocs_reader


@pytest.fixture(scope="module")
def techdocs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        # Where the snippets of pymdownx look for files.
        patch.chdir(folder)
        yield techdocs_reader(folder)
