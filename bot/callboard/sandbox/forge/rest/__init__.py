"""The REST operations. Importing the package fills the table."""

from . import apps, checks, contents, gitdata, issues, people, protection, pulls, repositories, reviews
from .table import OPERATIONS, Answer, Call, Operation

__all__ = [
    "OPERATIONS",
    "Answer",
    "Call",
    "Operation",
    "apps",
    "checks",
    "contents",
    "gitdata",
    "issues",
    "people",
    "protection",
    "pulls",
    "repositories",
    "reviews",
]
