"""Registries, read: one module each, with its ``Settings`` and one function ``list_models``.

A source never raises for what a registry did: it answers a ``Listing`` that says what is missing.
"""
