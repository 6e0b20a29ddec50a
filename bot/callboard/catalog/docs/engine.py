"""The one place that knows MkDocs, because TechDocs is about to replace it. Needs callboard[docs]."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import mkdocs.commands.build
from mkdocs.config.base import ValidationError
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.plugins import BasePlugin, event_priority

_STARTS_PROGRAMS = {"plantuml_markdown", "markdown_inline_graphviz"}


class EngineFailed(Exception):
    """MkDocs refused the site: its own words, on one line."""


class _Offline(BasePlugin):  # type: ignore[type-arg,no-untyped-call]
    """Takes out of the TechDocs plugin's settings what starts programs, once that has made them."""

    @event_priority(-100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        config.markdown_extensions[:] = [
            name for name in config.markdown_extensions if name not in _STARTS_PROGRAMS
        ]
        return config


def build(settings: Mapping[str, Any], work: Path, output: Path) -> None:
    """Build the pages below ``work`` into ``output``, both absolute. Raises EngineFailed.

    Not for threads: the working directory of the process is ``work`` meanwhile.
    """
    logger = logging.getLogger("mkdocs")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    config = MkDocsConfig(config_file_path=str(work / "mkdocs.yml"))
    try:
        # Includes (``--8<--``) start from the working directory: it is the copy of this site alone.
        with chdir(work):
            config.load_dict(
                {
                    **settings,
                    "site_dir": str(output),
                    "plugins": ["techdocs-core"],
                    # Without web fonts: a page that is read must not tell others so.
                    "theme": {"name": "material", "font": False},
                    "markdown_extensions": [{"pymdownx.snippets": {"base_path": [str(work / "docs")]}}],
                    "use_directory_urls": True,
                }
            )
            errors, _ = config.validate()
            if errors:
                raise EngineFailed("; ".join(f"{key}: {error}" for key, error in errors))
            config.plugins["callboard-offline"] = _Offline()
            config.plugins.on_startup(command="build", dirty=False)
            try:
                mkdocs.commands.build.build(config)
            finally:
                config.plugins.on_shutdown()
    except EngineFailed:
        raise
    # The plugins are written for a process of their own: one of them leaves it when it does not like a file.
    except (MkDocsException, ValidationError, Exception, SystemExit) as error:
        raise EngineFailed(" ".join(str(error).split())[:500] or type(error).__name__) from error
    finally:
        logger.setLevel(level)
