"""A town for the stateful tests: a forge, a registry, people who do as they like, and walks that die midway.

The town keeps its own book of what people did, and judges the forge by that book alone: none of the
product's rules is asked whether the product kept them.
"""

from tests.walk.machine.boundary import Boundary, Killed, at_each_write
from tests.walk.machine.town import Grounds, Town

__all__ = ["Boundary", "Grounds", "Killed", "Town", "at_each_write"]
