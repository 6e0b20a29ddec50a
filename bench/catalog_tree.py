"""A realistic catalog on disk: services with their APIs and resources, systems, domains, people and teams."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

_TEXT = """
account address agent alert archive audit balance basket batch billing booking budget campaign card
catalog chat claim content contract credit customer delivery device document event export fraud gateway
history identity import index invoice ledger loan location mail market media message model notify offer
order partner payment permission portfolio price product profile quote rating report review risk route
schedule search session shipment stock store subscription support tax ticket token transfer trip user
vendor wallet warehouse
"""
_WORDS = _TEXT.split()
_ROLES = ("api", "worker", "gateway", "service", "store", "web", "sync", "reader", "writer", "proxy")
_SERVICE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  title: {title}
  description: >-
    Keeps every {first} in step with its {second}, answers questions about
    both, and tells the other services of {domain} when one of them changes.
  annotations:
    github.com/project-slug: acme/{name}
    backstage.io/techdocs-ref: dir:.
    backstage.io/kubernetes-id: {name}
    pagerduty.com/integration-key: "{key:032x}"
    sonarqube.org/project-key: acme_{name}
    grafana/dashboard-selector: "tags @> '{name}'"
  labels:
    tier: "{tier}"
    acme.example/cost-center: cc-{cost}
  tags:
    - {language}
    - {first}
    - {team}
  links:
    - url: https://{name}.{domain}.acme.example/
      title: Production
      icon: dashboard
    - url: https://wiki.acme.example/pages/{key:08x}/runbook
      title: Runbook
      icon: docs
spec:
  type: service
  lifecycle: {lifecycle}
  owner: group:default/{team}
  system: {system}
  providesApis:
    - {name}-api
  consumesApis:
    - {uses}-api
  dependsOn:
    - resource:default/{name}-db
    - component:default/{uses}
---
# What others call; the definition is written by the build.
apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: {name}-api
  description: "{title}: REST, version {tier}"
  tags: [rest, {first}]
  links:
    - {{url: "https://{name}.{domain}.acme.example/docs", title: Reference}}
spec:
  type: openapi
  lifecycle: {lifecycle}
  owner: group:default/{team}
  system: {system}
  definition: |
{definition}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: {name}-db
  description: Holds each {first} and its {second} for {name}.
  annotations:
    acme.example/backup: 'daily'
    acme.example/size-gb: "{cost}"
  tags:
    - postgres
    - {domain}
spec:
  type: database
  owner: group:default/{team}
  system: {system}
"""
_DEFINITION = """\
openapi: 3.0.3
info: {{title: {title}, version: 1.{tier}.0}}
servers:
  - url: https://{name}.{domain}.acme.example/v1
paths:
  /{first}s:
    get:
      operationId: list{First}s
      parameters:
        - {{name: limit, in: query, schema: {{type: integer, maximum: 500}}}}
        - {{name: cursor, in: query, schema: {{type: string}}}}
      responses:
        "200":
          description: Those that the caller may see, newest first.
          content:
            application/json:
              schema:
                type: array
                items: {{$ref: "#/components/schemas/{First}"}}
        "403": {{description: The caller may see none of them.}}
  /{first}s/{{id}}/{second}:
    parameters:
      - {{name: id, in: path, required: true, schema: {{type: string, format: uuid}}}}
    get:
      operationId: get{First}{Second}
      responses:
        "200": {{description: Found., content: {{application/json: {{schema: {{type: object}}}}}}}}
        "404": {{description: "There is no such {first}, or it has no {second}."}}
components:
  schemas:
    {First}:
      type: object
      required: [id, state]
      properties:
        id: {{type: string, format: uuid}}
        state: {{type: string, enum: [new, active, closed]}}
        changed: {{type: string, format: date-time}}
        {second}: {{type: string, description: "Of the {first}, as the {domain} team defines it."}}
"""


@dataclass(frozen=True)
class Tree:
    """A catalog that was written."""

    root: Path
    files: tuple[str, ...]
    entities: int


def write(root: Path, *, services: int) -> Tree:
    """Writes a catalog with so many services, and what belongs to them; always the same.

    Nine tenths are services: a file with a Component, its API with an OpenAPI definition, and its database.
    For ten of them there is a file with a system and its domain, for a hundred one with a team and its
    people, and now and then a model. All references lead somewhere. 3,000 services make 3,334 files with
    10,000 entities.
    """
    draw = random.Random(5)
    teams = max(1, services // 100)
    systems = max(1, services // 10)
    names = [_name(number) for number in range(services)]
    files = dict(_teams(teams))
    for number in range(systems):
        files[f"systems/{number:04}/catalog-info.yaml"] = _system(number, teams)
    for number in range(services // 750):
        files[f"models/{number:02}/catalog-info.yaml"] = _model(number, teams)
    for number, name in enumerate(names):
        files[f"services/{name}/catalog-info.yaml"] = _service(number, name, names, systems, teams, draw)
    for name in names:
        files[f"services/{name}/mkdocs.yml"] = f"site_name: {name}\n"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    catalog = tuple(sorted(path for path in files if path.endswith("catalog-info.yaml")))
    return Tree(root, catalog, sum(files[path].count("apiVersion: backstage.io/") for path in catalog))


def _name(number: int) -> str:
    number, first = divmod(number, len(_WORDS))
    number, role = divmod(number, len(_ROLES))
    return f"{_WORDS[first]}-{_WORDS[(first * 7 + role * 3 + number) % len(_WORDS)]}-{_ROLES[role]}-{number}"


def _service(number: int, name: str, names: list[str], systems: int, teams: int, draw: random.Random) -> str:
    first, second = name.split("-")[:2]
    facts = {
        "name": name,
        "title": f"{first.capitalize()} and {second}",
        "first": first,
        "First": first.capitalize(),
        "second": second,
        "Second": second.capitalize(),
        "domain": f"domain-{number % systems % 20}",
        "system": f"system-{number % systems:04}",
        "team": f"team-{number % teams:02}",
        "uses": draw.choice(names),
        "language": draw.choice(("java", "go", "python", "typescript", "kotlin")),
        "lifecycle": draw.choice(("production", "production", "experimental", "deprecated")),
        "tier": draw.randrange(1, 4),
        "cost": draw.randrange(1000, 9999),
        "key": draw.getrandbits(100),
    }
    definition = _DEFINITION.format(**facts)
    indented = "\n".join(f"    {line}" for line in definition.splitlines())
    return _SERVICE.format(**facts, definition=indented)


def _system(number: int, teams: int) -> str:
    owner = f"group:default/team-{number % teams:02}"
    domain: dict[str, object] = {"name": f"domain-{number}", "description": f"Part {number} of the business."}
    system: dict[str, object] = {
        "name": f"system-{number:04}",
        "description": f"Everything that customers see of the part {number}.",
        "links": [{"url": f"https://status.acme.example/{number}", "title": "Status"}],
    }
    return _dumped(
        _entity("System", system, {"owner": owner, "domain": f"domain-{number}"}),
        _entity("Domain", domain, {"owner": owner}),
    )


def _model(number: int, teams: int) -> str:
    owner = f"group:default/team-{number % teams:02}"
    name = f"model-{number:02}"
    model = _entity("Resource", {"name": name, "tags": ["ai"]}, {"type": "ai-model", "owner": owner})
    spec: dict[str, object] = {
        "type": "model-server",
        "lifecycle": "production",
        "owner": owner,
        "dependsOn": [f"resource:{name}"],
    }
    # Not of the type mcp-server, at which Roadie's validator would stop.
    tools: dict[str, object] = {
        "type": "chat",
        "lifecycle": "production",
        "owner": owner,
        "definition": f"https://{name}.acme.example/chat",
    }
    server = _entity("Component", {"name": f"{name}-server"}, spec)
    return _dumped(model, server, *([_entity("API", {"name": f"{name}-tools"}, tools)] if number % 2 else []))


def _teams(teams: int) -> Iterator[tuple[str, str]]:
    for number in range(teams):
        team = f"team-{number:02}"
        people = [f"person-{number:02}-{member}" for member in range(12)]
        group = _entity(
            "Group",
            {"name": team, "description": f"Team {number}"},
            {
                "type": "team",
                "profile": {"displayName": f"Team {number}", "email": f"{team}@acme.example"},
                "children": [],
                "members": people,
            },
        )
        users = [
            _entity(
                "User",
                {"name": person},
                {
                    "profile": {"displayName": f"P. {person}", "email": f"{person}@acme.example"},
                    "memberOf": [team],
                },
            )
            for person in people
        ]
        yield f"org/{team}/catalog-info.yaml", _dumped(group, *users)


def _entity(kind: str, metadata: dict[str, object], spec: dict[str, object]) -> dict[str, object]:
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _dumped(*entities: dict[str, object]) -> str:
    return yaml.safe_dump_all(entities, sort_keys=False, explicit_start=True)
