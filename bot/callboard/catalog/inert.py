"""Text, code and addresses from outside, written so that no reader of Markdown takes them for more.

The same page is read by parsers that disagree: CommonMark on the forges, Python-Markdown with two dozen
extensions in TechDocs, whose preprocessors run programs and include files on lines that look right *before*
anything is parsed, code blocks included; and bots that search the raw text. So nothing here relies on where
a parser thinks that it is: what would mean something anywhere is written as a character reference, which all
of them show as the plain character. Code knows no references; there, and where a forge looks at the shown
text (``@name``, ``#1``), a zero-width space takes the meaning away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import urlsplit

from callboard.catalog.text import shortened

BREAK = "\u200b"
"""The zero-width space. What comes from outside has none left, so each one in a page is ours."""
NO_BREAK_SPACE = "\u00a0"

_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji are not readable without them
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


class _Printable(dict[int, str | None]):
    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        if char in "\n\t" or char in _JOINERS:
            kept: str | None = char
        elif char in "\r\u2028\u2029\u0085\u000b\u000c":
            kept = "\n"
        else:
            kept = None if unicodedata.category(char) in _UNSEEN else char
        self[code] = kept
        return kept


_PRINTABLE = _Printable()


def printable(text: str) -> str:
    """``text`` without controls, bidi overrides, zero-width and private characters, with plain line ends."""
    return text.replace("\r\n", "\n").translate(_PRINTABLE)


def reference(char: str) -> str:
    """``char`` as a numeric character reference."""
    return f"&#{ord(char)};"


_Change = str | Callable[[re.Match[str]], str]


def _referenced(match: re.Match[str]) -> str:
    return reference(match[0][0]) + match[0][1:]


# In order. What an earlier rule wrote must not be touched by a later one.
_TEXT: tuple[tuple[re.Pattern[str], _Change], ...] = (
    (re.compile(r"&(?=#?[A-Za-z0-9]+;)"), "&amp;"),
    (re.compile(r"[\\`{}|]"), _referenced),
    # What forges look for in the shown text.
    (re.compile(r"(?<=[A-Za-z0-9_])@(?=[A-Za-z0-9-]+\.[A-Za-z0-9])"), "&#64;"),
    (re.compile(r"@(?=\S)"), "@" + BREAK),
    (re.compile(r"(?<!&)([#!])(?=[0-9])"), r"\1" + BREAK),
    (re.compile(r"(?i)\b(GH-)(?=[0-9])"), r"\1" + BREAK),
    # Addresses that were not parsed as links, and what extensions of Python-Markdown look for.
    (re.compile(r":(?=//)"), "&#58;"),
    (re.compile(r"(?i)(?<![A-Za-z0-9])(www)\.(?=[A-Za-z0-9_-])"), r"\1&#46;"),
    (re.compile(r":(?=[-+\w]+:|:)"), "&#58;"),
    (re.compile(r"=(?==)"), "&#61;"),
    (re.compile(r"\((?=(?:c|r|tm)\))", re.IGNORECASE), "&#40;"),
    (re.compile(r"(?i)\bc/o\b"), "c&#47;o"),
    (re.compile(r"[*\[\]~^]"), r"\\\g<0>"),
    (re.compile(r"(?<![^\W_])_|_(?![^\W_])"), r"\\_"),
    (re.compile(r"<"), "&lt;"),
    (re.compile(r">"), "&gt;"),
    (re.compile(NO_BREAK_SPACE), "&nbsp;"),
    (re.compile(r"#(?=#*$)"), "&#35;"),
)
# Lists, headings, rules, definitions, bot commands, admonitions, tabs.
_LINE_START: tuple[tuple[re.Pattern[str], _Change], ...] = (
    (re.compile(r"^[-+=:/!?#]"), _referenced),
    (re.compile(r"^([0-9]{1,20})(?=[.)](?:\s|$))"), r"\1\\"),
)

# What preprocessors and raw-text searches look for, wherever it stands; ``\1`` is left as it is.
_CODE: tuple[re.Pattern[str], ...] = (
    re.compile(r"(-+8<)(?=-)"),  # an included file (pymdownx.snippets)
    re.compile(r"(?m)^(\{%)(?=[ ]*(?:dot|neato|fdp|sfdp|twopi|circo)\s)"),  # a Graphviz program
    re.compile(r"(::)(?=uml::|end-uml::|include\{)"),  # PlantUML; an included file (GitLab)
    re.compile(r"((?:~{3}|`{3})[ \t]*\{?\.?)(?=(?:c4)?(?:plant)?uml|graphviz)"),
    re.compile(r"(\{)(?=\+\+|--|==|>>|~~)"),  # critic marks
    re.compile(r"(<!)(?=-)"),  # hidden markers
    re.compile(r"(\[)(?=!\w)"),  # alerts, which are rewritten with all that follows
)
_COMMAND = re.compile(r"^(?=/[A-Za-z][\w-]*(?:[ \t]|$))", re.MULTILINE)


def text(content: str, *, starts_line: bool = False) -> str:
    """``content`` as one line of Markdown that shows exactly its characters."""
    line = re.sub(r"[ \t\n]+", " ", printable(content))
    if starts_line:
        line = line.lstrip(" ")
    for pattern, change in (*_TEXT, *(_LINE_START if starts_line else ())):
        line = pattern.sub(change, line)
    return line


def code(content: str) -> str:
    """``content`` for a code block or span: what it shows is the same but for what would act from there.

    A line that is a bot command is moved one column to the right, because code is copied and a command is
    only one at the start of a line.
    """
    safe = printable(content)
    for pattern in _CODE:
        safe = pattern.sub(rf"\1{BREAK}", safe)
    return _COMMAND.sub(" ", safe)


def language(info: str) -> str:
    """The language of a code block from its info string, or nothing where it would start a program.

    Forges draw Mermaid, whose diagrams can hold scripts, links and HTML; so it is shown as code.
    """
    words = re.match(r"[ \t]*\{?\.?([A-Za-z0-9_+#-]{1,32})(?=[\s},.:]|$)", info)
    name = words[1] if words else ""
    return "" if re.search(r"(?i)uml|graphviz|math|mermaid", name) else name


_KEPT_IN_URL = re.compile(r"[^A-Za-z0-9\-._/:?#@!$&+,;=%]")


def link(url: str) -> str | None:
    """``url`` as the target of a Markdown link, or None when a page must not lead there.

    Only absolute http(s) without credentials, and mailto. Every character with a meaning in Markdown or HTML
    is percent-encoded.
    """
    shown = printable(url).strip()
    if (
        len(shown) > 2000
        or re.search(r"[\s\\]", shown)
        or not re.match(r"(?i)(?:https?://[^/?#]|mailto:[^?#])", shown)
    ):
        return None
    try:
        parts = urlsplit(shown)
        if parts.scheme != "mailto" and (parts.hostname is None or parts.username is not None):
            return None
        _ = parts.port
    except ValueError:
        return None
    encoded = _KEPT_IN_URL.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), shown)
    return re.sub(r"&(?=#?[A-Za-z0-9]+;)", "&amp;", encoded)


def address(href: str) -> str:
    """``href``, which ``link`` gave, as a link that shows itself."""
    if re.fullmatch(r"https?://[A-Za-z0-9][A-Za-z0-9._/?=+%:-]*", href):
        return f"<{href}>"
    return f"[{text(href, starts_line=True)}]({href})"


def plain(content: str, limit: int = 200) -> str:
    """``content`` as one line of at most ``limit`` shown characters, for tables, titles and pull requests.

    It shows its characters and does nothing: no markup, HTML, link, mention, reference or command, in a
    table cell or at the start of a line.
    """
    return text(shortened(content, limit), starts_line=True)


def label(content: str, limit: int = 100) -> str:
    """``content`` as one line for places that are not Markdown and are not always escaped: a site's name."""
    return shortened(content, limit).translate(_LABEL)


# An ampersand stays: what a reference stands for is shown, it is not read as a tag again.
_LABEL = str.maketrans({"<": "‹", ">": "›", '"': "”", "'": "’", "{": "(", "}": ")", "`": "’"})  # noqa: RUF001
