"""Catalog files, checked: what Backstage would refuse, and what people would stumble over.

Every diagnostic has its place. A rule is a function of one entity, or of all of them, that yields findings;
it knows no files and no lines.
Another rule is another function in ``rules``; another report is another module in ``reports``.
"""
