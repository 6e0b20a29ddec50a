"""The catalog for people: one page with every entity, its relations, and what is wrong with it."""

from __future__ import annotations

import base64
import hashlib

from jinja2 import Environment
from starlette.responses import HTMLResponse

from callboard.sandbox.catalog.engine import Engine
from callboard.sandbox.catalog.entities import ORIGIN

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733 }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
article { border: 1px solid #cbd5df; border-radius: 8px; padding: 0 1rem 1rem; margin: 1rem 0 }
article:target { border-color: #2563a8; box-shadow: 0 0 0 2px #2563a8 }
h2 { font-size: 1.15rem; margin: 1rem 0 .25rem } h2 small { color: #51606f; font-weight: normal }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .5rem 0 0 }
dt { color: #51606f } dd { margin: 0; overflow-wrap: anywhere }
.error { color: #a3231f }
@media (prefers-color-scheme: dark) {
  body { background: #10161d; color: #dde5ec } a { color: #7db4ec }
  article { border-color: #34424f } h2 small, dt { color: #9aa8b5 } .error { color: #ff9a94 }
}
"""
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sandbox catalog</title>
<style>STYLE</style>
<h1>Sandbox catalog</h1>
<p>{{ entities|length }} entities from {{ locations|length }} locations. Reload to see what changed.</p>
{% for ref, entity in entities|dictsort %}
<article id="{{ ref }}">
  <h2>{{ entity.metadata.title or entity.metadata.name }} <small>{{ ref }}</small></h2>
  {% if entity.metadata.description %}<p>{{ entity.metadata.description|string|truncate(400) }}</p>{% endif %}
  {% for item in (entity.status or {}).get("items", ()) %}
  <p class="error">{{ item.message }}</p>
  {% endfor %}
  <dl>
    {% for relation in entity.relations %}
    <dt>{{ relation.type }}</dt>
    <dd>{% if relation.targetRef in entities -%}
      <a href="#{{ relation.targetRef|urlencode }}">{{ relation.targetRef }}</a>
    {%- else %}{{ relation.targetRef }}{% endif %}</dd>
    {% endfor %}
    <dt>from</dt><dd>{{ entity.metadata.annotations[origin] }}</dd>
  </dl>
</article>
{% endfor %}
</html>
"""
_TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    _PAGE.replace("STYLE", _STYLE)
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def render(engine: Engine) -> HTMLResponse:
    """The page, in which nothing that an entity says can run or load anything."""
    shown = {ref: entity for ref, entity in engine.visible().items() if entity["kind"] != "Location"}
    text = _TEMPLATE.render(entities=shown, locations=engine.locations(), origin=ORIGIN)
    return HTMLResponse(text, headers=_HEADERS)
