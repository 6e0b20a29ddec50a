"""A model's TechDocs site: ``mkdocs.yml``, the pages that have something to say, and a plot.

The pages stand as templates in ``techdocs/``; every value is cleaned before a template sees it.
"""

from callboard.catalog.docs.site import render_docs

__all__ = ["render_docs"]
