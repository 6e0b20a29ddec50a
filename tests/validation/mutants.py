"""Catalog files by the thousand, most of them nearly right: made of entities, of odd YAML, and of mistakes.

All of it comes from a seed, so that a file that two readers take differently can be had again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from callboard.documents.writer import block_lines, flow_text


def _words(text: str) -> list[str]:
    """What stands between blanks of the usual kind."""
    return [word for word in text.replace("\n", " ").split(" ") if word]


REFERENCES = ["group:default/a", "a", "ns/a", "a:b/c", ":a", "a:", "/a", "a/", "a/b:c", "a:b:c", "not a ref!"]
WORDS = _words("""
a A a-b a--b a_b a.b -a a- é a/b a/b/c A/b a.b/c 3.1 c++ a:b # https://a.example/x http:// http:a javascript:x
mailto:a //a https://[::1]:80 https://a:99999 skill rule plugin marketplace mcp-server required optional
backstage.io/v1alpha1 backstage.io/v1beta1 my.org/v1 v1 v1/v2/v3 API Component component Template file url
user:a Group:a system:default/x domain:a airesource:default/b https://xn--a https://1.2.3.4.5 https://0x1g/
https://a_b.c/ https://a%20b/ https://é.example https://a<b ftp:// ws:a x://a<b x://[1] x://a:b https://1.2.3.256
https:a@b http://@/ urn: data:,x 1 a: http://a.b.c:80:80 http:///a http:\\\\a https://[::g] https://a]b x:y z
http://a^b x://a^b blob:https://a file: file:///c:/x file://a/b file://%zz https://%zz https://a%2fb
""")
VALUES: list[Any] = [
    *(None, True, False, 0, 7, 1.5, -0.0, "", " ", "\ufeff", "\x85", "\x1f", "a b", "a\n", "https://a b"),
    *("x" * 63, "x" * 64, "a." * 126 + "a", "a." * 127 + "a/b", "x" * 501, "😀" * 250, "😀" * 501),
    *WORDS,
    *([], {}, [""], ["a"], [1], [None], [[]], ["a", 1], {"a": "b"}, {"a": 1}, {"": "a"}, {"a b": "c"}),
    *({"x.y/z": "a"}, {"X/y": "a"}, {"url": "https://a"}, {"email": ""}, [{}], [{"url": "a"}], [None, "a"]),
    *([{"url": "https://a", "title": ""}], [{"url": "x:y", "title": " "}], [{"type": "sse", "url": "x"}]),
    *({"displayName": "x", "email": "y", "picture": 1}, {"displayName": ""}, {"displayName": "a", "x": 1}),
    *({"backstage.io/managed-by-location": 1}, {"backstage.io/view-url": 5}, {"backstage.io/edit-url": None}),
    *({"__proto__": 1}, {"__proto__": {"name": "x"}}, {"constructor": "x"}, {"toString": "a"}),
    *(
        {"$text": "./a"},
        {"$text": 1},
        {"$text": ""},
        {"$text": "a", "b": 1},
        {"$file": "x"},
        [{"$text": "b"}],
    ),
    *({"kind": "Component", "name": "x"}, {"name": "x"}, {"kind": "x", "namespace": 1, "name": "y"}),
    *REFERENCES,
    REFERENCES,
    *([one] for one in REFERENCES),
]
SPEC = {"type": "t", "lifecycle": "l", "owner": "o"}
SPECS: dict[str, list[dict[str, Any]]] = {
    "Component": [SPEC],
    "Resource": [{"type": "t", "owner": "o"}],
    "API": [
        {**SPEC, "definition": "d"},
        {**SPEC, "type": "mcp-server", "remotes": [{"type": "sse", "url": "u"}]},
    ],
    "AiResource": [
        SPEC,
        {**SPEC, "type": "skill"},
        {**SPEC, "type": "rule", "category": "c", "rationale": "r"},
        {**SPEC, "type": "plugin", "skills": ["a"]},
        {**SPEC, "type": "marketplace", "plugins": ["a"]},
    ],
    "System": [{"owner": "o"}],
    "Domain": [{"owner": "o"}],
    "Group": [{"type": "t", "children": []}],
    "User": [{"memberOf": []}],
    "Location": [{}, {"type": "url", "target": "https://a"}, {"type": "file", "targets": ["./a"]}],
}
ENTITIES: list[Any] = [
    {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": {"name": "n"}, "spec": spec}
    for kind, specs in SPECS.items()
    for spec in specs
]
FIELDS = {
    (): "apiVersion kind metadata spec extra relations status __proto__ constructor",
    ("metadata",): "name namespace title description labels annotations tags links uid etag extra __proto__",
    ("metadata", "links", 0): "url title icon type",
    ("metadata", "labels"): "a a/b __proto__ X/y",
    ("metadata", "annotations"): "a a/b __proto__ backstage.io/view-url",
    ("spec",): "type lifecycle owner system definition remotes presence providesApis consumesApis dependsOn "
    "dependencyOf subcomponentOf domain subdomainOf parent children members memberOf profile target targets "
    "skills plugins version category categories rationale disciplines agents allowedTools license "
    "compatibility",
}
PATHS = [(*path, field) for path, fields in FIELDS.items() for field in fields.split()]


def entity(random: Random) -> Any:
    """An entity of any kind, with up to two of its fields changed or removed."""
    made: Any = copy.deepcopy(random.choice(ENTITIES))
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        *path, last = random.choice(PATHS) if random.random() < 0.9 else ("metadata", "links", 0, "url")
        holder: Any = made
        for step in path:
            if (
                isinstance(step, str)
                and step in ("links", "labels", "annotations")
                and isinstance(holder, dict)
            ):
                holder.setdefault(step, [{"url": "https://a"}] if step == "links" else {})
            holder = _get(holder, step)
        if isinstance(holder, dict):
            if last == "url" and random.random() < 0.7:
                holder[last] = random.choice(("http", "https", "x", "file")) + "://" + _address(random)
                continue
            holder.pop(last, None)
            if random.random() < 0.9:
                holder[last] = copy.deepcopy(random.choice(VALUES))
    return made


_ADDRESSES = """
http https x file ftp ws data : : :// :// :// / \\ ? # @ @ : :80 :0080 :65536 :x a b.c A_b 1 1.2 256 0x1 0x 08
09 . .. [::1] [::ffff:1.2.3.4] [1:2] [::1 ] %41 %20 %zz é 模型 😀 \u00ad ß \uff0e \ufb01 xn--a xn--bcher-kva
xn-- < > ^ | ` { } " ' ; =
+ - ~ ! $ & ( ) * , \x7f \u3002 \u0301a
"""


def _address(random: Random) -> str:
    """What may be a URL."""
    return "".join(random.choices(_words(_ADDRESSES), k=random.randint(1, 8)))


def _get(holder: Any, step: str | int) -> Any:
    if isinstance(holder, list) and isinstance(step, int):
        return holder[step] if step < len(holder) else None
    return holder.get(step) if isinstance(holder, dict) else None


# YAML

BASE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments # the one
  description: >-
    Takes cards,
    and gives change.

      Not always.
  labels: {tier: "1", 'x.y/z': a}
  annotations:
    a.b/c: |
      line one
       line two

    d/e: "two \\u00e9 \\
      lines"
  tags: [go, c++, "a:b"]
  links:
  - url: https://a.example/x?y=z#f
    title: 'it''s
      here'
  - {url: "https://b.example"}
spec:
  type: service
  lifecycle:
    production
  owner: group:default/a
  providesApis:
    - a
    -   b
  extra: &anchor
    ? key
    : - - nested
      - x: 1
        y: 2
  other: *anchor
"""
FLAT = """\
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: n, description: "%"}
spec: {type: t, owner: o, extra: [%]}
"""
OTHERS = """\
---
# nothing
---
apiVersion: backstage.io/v1beta1
kind: API
metadata:
    name: api
    title: Überall 😀
spec:
    type: openapi
    lifecycle: production
    owner: team
    definition: |2+
        openapi: 3.1.0
      info: {title: "x", tabs: "\t"}

...
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: g }
spec: { type: team, children: [ ] , profile: { displayName: A, "email":b@c.d } }
"""
SCALARS = _words("""
no yes y on 0777 0o17 0x1F 0b1 1_000 1e5 7318e91234 .5 1. .inf -.INF .nan 12:30:45 2026-01-01 ~ null NULL true
True tRue << = - -- 1.2.3 a:b a#b 'no' "no" |- !!str {} [] {a:\xa01} *a &a !x @ ` % ? ! a\u2028b +1 -0 !!int
!!float !!null !!bool 9007199254740993 123456789012345678901234567890
0x1FFFFFFFFFFFFFFF 0o7777777777777777777777
1e400 1e-7 a\x85b &a* *a: "\\ud83d\\ude00" "\\ud83d" "\\x41" "\\z" "\\0" '' "" ? : , ]
} [ { > | %a #a a\ra \ufeff
""")
PHRASES = [
    "a: b",
    "a #b",
    "!!int 1",
    "!!int x",
    "!!float 3",
    "!!str 1",
    "! a",
    "[a, b]",
    "- a",
    "? a",
    "&a b",
]
PHRASES += ["!!set {a, b}", "!!binary aGk=", "!!timestamp 2001-01-01", "!<x> b", "!<tag:yaml.org,2002:str> 1"]
PHRASES += ["{a, b: }", "[a: b]", "[? a : b]", "{? a}", '{"a":b}', "'a' b", '"a":', "&a [*a]", "!!seq {}"]
FRAGMENTS = [
    *(
        "a: ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "b",
        "&x ",
        "*x",
        "'",
        '"',
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        "  ",
        " ",
    ),
    *(
        "\n---\n",
        "---\n",
        "\n...\n",
        "|\n",
        ">\n",
        "|2\n",
        "|-\n",
        ">+\n",
        "#",
        " # c",
        "? ",
        ": ",
        ":",
        "!!str ",
    ),
    *(
        "%YAML 1.2\n",
        "%YAML 1.1\n---\n",
        "\t",
        "\r\n",
        "\r",
        "é",
        "0777",
        "&x",
        "!t ",
        "\\",
        "\\n",
        "-",
        "?",
        "a",
    ),
    *(
        "\n\n",
        "\n- ",
        "\n  - ",
        "\n? ",
        "\n: ",
        "k: v",
        "\nk: v",
        "\n  k: v",
        '"q"',
        "'q'",
        "<<: ",
        "*x : ",
        "\ufeff",
    ),
    *(
        ": |\n  t",
        ": >\n  t\n   u\n",
        "[a, b]",
        "{a: b}",
        '{"a":1}',
        "[\n",
        "]\n",
        "--- ",
        "... ",
        "!",
        "&",
        "*",
        "@",
    ),
]


def soup(random: Random) -> str:
    """Pieces of YAML, one behind the other."""
    return "".join(random.choices(FRAGMENTS, k=random.randint(1, 14)))


def mutant(random: Random) -> str:
    """A catalog file with some mistakes in its text."""
    text = random.choice((BASE, BASE, OTHERS, BASE + OTHERS, _written(random)))
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        text = random.choice(_MUTATIONS)(random, text)
    return text


def _written(random: Random) -> str:
    """An entity in one of the styles that people write."""
    made = entity(random)
    step, lists = random.choice((1, 2, 4)), random.random() < 0.5
    written = block_lines(made, step=step, indent_lists=lists, quote=random.choice((None, "'", '"')))
    return random.choice((written, flow_text(made), json.dumps(made, indent=random.choice((None, 2)))))


def _insert(random: Random, text: str) -> str:
    at = random.randint(0, len(text))
    return text[:at] + random.choice(FRAGMENTS) + text[at:]


def _delete(random: Random, text: str) -> str:
    at = random.randint(0, len(text))
    return text[:at] + text[at + random.choice((1, 1, 1, 2, 5)) :]


def _exchange(random: Random, text: str) -> str:
    at = random.randint(0, len(text))
    return text[:at] + random.choice(" \t\n:-#'\"[]{},&*!|>%@`?\\a0") + text[at + 1 :]


def _indent(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = random.randrange(len(lines))
    blank = random.choice((" ", "  ", "\t", " \t", "    "))
    for line in range(at, min(at + random.choice((1, 1, 2, 4)), len(lines))):
        lines[line] = lines[line][len(blank) :] if random.random() < 0.4 else blank + lines[line]
    return "".join(lines)


def _move_line(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randint(0, len(lines)), line + random.choice(("", line)))
    return "".join(lines)


def _put_value(random: Random, text: str) -> str:
    """Another value for a key or an item."""
    lines = text.splitlines(keepends=True) or [""]
    at = random.randrange(len(lines))
    head, mark, _ = lines[at].partition(random.choice((": ", "- ")))
    lines[at] = head + (mark or ": ") + random.choice((*SCALARS, *PHRASES)) + "\n"
    return "".join(lines)


def _put_scalar_in_flat(random: Random, _text: str) -> str:
    return FLAT.replace("%", random.choice((*SCALARS, *PHRASES)), 1).replace("%", random.choice(SCALARS), 1)


def _line_ends(random: Random, text: str) -> str:
    return text.replace("\n", random.choice(("\r\n", "\r\n", "\n\n", "\r")), random.choice((1, 3, -1)))


def _comment(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    at = random.randint(0, len(lines))
    lines.insert(
        at, " " * random.choice((0, 0, 2, 4, 9)) + random.choice(("# c\n", "\n", "   \n", "\t\n", "#\n"))
    )
    return "".join(lines)


_MUTATIONS: list[Callable[[Random, str], str]] = [
    *(_insert, _delete, _exchange, _exchange, _indent, _move_line, _put_value, _put_value, _comment),
    *(_line_ends, _put_scalar_in_flat),
]


def _broken(random: Random, content: bytes) -> bytes:
    """Some bytes that are no UTF-8."""
    at = random.randint(0, len(content))
    bad = random.choice(
        (b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\x00", b"\xc0\x80", b"\x1b")
    )
    return content[:at] + bad + content[at:]


def files(seed: int, count: int) -> Iterator[bytes]:
    """As many files as asked for; the same seed makes the same ones."""
    random = Random(seed)
    for _ in range(count):
        which = random.random()
        if which < 0.45:
            text = json.dumps(entity(random)) if random.random() < 0.8 else _written(random)
        elif which < 0.85:
            text = mutant(random)
        else:
            text = soup(random)
        content = text.encode("utf-8", "surrogatepass")
        yield _broken(random, content) if random.random() < 0.02 else content
