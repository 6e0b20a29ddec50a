"""GitLab's operations. Importing the package fills the table."""

from callboard.sandbox.gitlab.table import OPERATIONS, Answer, Call, Operation

__all__ = ["OPERATIONS", "Answer", "Call", "Operation"]
