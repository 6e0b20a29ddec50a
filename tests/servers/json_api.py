"""Registries of somebody's own: JSON over HTTP, paged in every way, a Harper table, and a Datasette.

What holds them to the truth: Harper's rows are checked against ``tests/contracts/harper.schema.json`` (after
the example's ``schemas.graphql``), and ``tests/sources/test_rest_examples.py`` compares the double of
Datasette with a real one where one is installed.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.contracts.compact import Compact
from tests.servers.doubles import Double, standing_in

_HARPER = Compact("harper.schema.json")


@dataclass
class Registry(Double):
    """A running registry. ``/rows`` is paged by what is asked for; ``/rows/KEY`` is one row in full."""

    rows: list[Any] = field(default_factory=list)
    full: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Harper's."""
    database: Path | None = None
    """Datasette's."""
    largest_page: int = 2
    paths: list[str] = field(default_factory=list)
    """As sent."""
    headers: list[dict[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Where the double is not what its contract says."""

    def reset(self) -> None:
        """As if it had just been started."""
        for one in fields(self):
            if one.name not in ("url", "errors"):
                setattr(self, one.name, getattr(Registry(), one.name))

    def line(self, request: Request) -> str:
        """The path and the query."""
        return f"{request.url.path}?{request.url.query}"

    async def answer(self, request: Request) -> Response:
        """The answer to any request: the double's own unless ``interfere`` gives another."""
        self.paths.append(request.scope["raw_path"].decode())
        self.headers.append(dict(request.headers))
        return await super().answer(request)

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        match request.url.path.strip("/").split("/"):
            case ["rows"]:
                return self._rows(request)
            case ["rows", key] if key in self.full:
                return JSONResponse(self.full[key])
            case [table] if table in self.tables:
                return self._harper(table, request.url.query)
            case ["registry", "models.json"] if self.database is not None:
                return self._datasette(request)
        return JSONResponse({"error": "there is no such thing here"}, 404)

    def _rows(self, request: Request) -> Response:
        query = request.query_params
        size = min(int(query.get("size", self.largest_page)), self.largest_page)
        start = int(query["offset"]) if "offset" in query else int(query.get("cursor", 0))
        if "page" in query:
            start = (int(query["page"]) - 1) * size
        said: dict[str, Any] = {"data": self.rows[start : start + size], "total": len(self.rows)}
        headers = {}
        if start + size < len(self.rows):
            said["next"] = start + size
            said["next_url"] = f"rows?cursor={start + size}"
            headers["link"] = f'</rows?cursor=0>; rel="first", <rows?cursor={start + size}>; rel="next"'
        return Response(json.dumps(said), headers=headers, media_type="application/json")

    def _harper(self, table: str, query: str) -> Response:
        rows = self.tables[table]
        for row in rows:
            self.errors += _HARPER.shape_errors(table, row)
        chosen = re.fullmatch(r"select\(([A-Za-z,]+)\)", query)
        if query and chosen is None:
            return JSONResponse({"error": "this double knows select(…) only"}, 501)
        if chosen is not None:
            rows = [{name: row[name] for name in chosen[1].split(",") if name in row} for row in rows]
        return JSONResponse(rows)

    def _datasette(self, request: Request) -> Response:
        query = {key: values[-1] for key, values in parse_qs(request.url.query).items()}
        if query.keys() - {"_shape", "_size", "_next"} or query.get("_shape") != "objects":
            return JSONResponse({"error": "this double knows _shape=objects, _size and _next only"}, 501)
        assert self.database is not None
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.row_factory = sqlite3.Row
            after = int(query.get("_next", -1))
            found = database.execute("SELECT * FROM models WHERE id > ? ORDER BY id", (after,)).fetchall()
            (total,) = database.execute("SELECT count(*) FROM models").fetchone()
        rows = [dict(row) for row in found[: self.largest_page]]
        following = str(rows[-1]["id"]) if len(found) > len(rows) else None
        address = f"{self.url}/registry/models.json?{urlencode(query | {'_next': following})}"
        return JSONResponse(
            {
                "database": "registry",
                "table": "models",
                "rows": rows,
                "truncated": False,
                "filtered_table_rows_count": total,
                "primary_keys": ["id"],
                "next": following,
                "next_url": address if following else None,
            }
        )


@contextlib.contextmanager
def running() -> Iterator[Registry]:
    """An empty registry, until the end of the ``with``."""
    registry = Registry()
    with standing_in(registry):
        yield registry
    assert registry.errors == []
