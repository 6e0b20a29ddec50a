"""The sandbox forge in a browser, so that a newcomer can play the reviewer."""

from .app import Pages

__all__ = ["Pages"]
