"""How the sandbox says no: GitHub's statuses and GitHub's error bodies."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The request cannot be done. ``status`` and ``body`` are what GitHub would answer."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[dict[str, str] | str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.errors = errors
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body."""
        body: dict[str, Any] = {
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(self.status),
        }
        if self.errors is not None:
            body["errors"] = self.errors
        return body


def not_found() -> Refused:
    """404, also for what the caller may not know of."""
    return Refused(404, "Not Found")


def invalid(resource: str, field: str, code: str = "invalid") -> Refused:
    """422 for one wrong field."""
    return Refused(422, "Validation Failed", [{"resource": resource, "field": field, "code": code}])


def custom(resource: str, message: str) -> Refused:
    """422 with a sentence of its own."""
    return Refused(422, "Validation Failed", [{"resource": resource, "code": "custom", "message": message}])
