"""What changed in what callers send and get, and whether it breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callboard.catalog.text import shortened
from callboard.changes.difference import Difference, Severity
from callboard.model import Port, Signature


def signature_differences(before: Signature | None, after: Signature | None) -> Iterator[Difference]:
    """The differences between two signatures.

    Breaking for callers: an input that is newly required, gone, or of another type; an output that is gone,
    of another type, or no longer certain. An input may become wider and an output narrower without harm.
    """
    if before == after:
        return
    if before is None:
        yield Difference("signature", "minor", "The signature is now stated.", "signature", None, "stated")
        return
    if after is None:
        yield Difference(
            "signature",
            "important",
            "The signature is no longer stated: nothing tells callers what to send.",
            "signature",
            "stated",
            None,
        )
        return
    yield from _inputs(before.inputs, after.inputs, "input")
    yield from _inputs(before.parameters, after.parameters, "parameter")
    yield from _outputs(before.outputs, after.outputs)


def _inputs(before: Sequence[Port], after: Sequence[Port], word: str) -> Iterator[Difference]:
    old, new = _named(before), _named(after)
    for name, port in old.items():
        if name not in new:
            sentence = f"The {word} {name} is gone: callers that still send it may be refused."
            yield _difference("breaking", sentence, f"{word} {name}", port, None)
    for name, port in new.items():
        subject = f"{word} {name}"
        was = old.get(name)
        if was is None and port.optional:
            sentence = f"There is a new optional {word} {name} ({_type(port)})."
            yield _difference("minor", sentence, subject, None, port)
        elif was is None:
            sentence = f"Callers must now send the {word} {name} ({_type(port)})."
            yield _difference("breaking", sentence, subject, None, port)
        else:
            yield from _changed_input(word, name, was, port)
    yield from _order(word, old, new)


def _changed_input(word: str, name: str, was: Port, port: Port) -> Iterator[Difference]:
    subject = f"{word} {name}"
    if not _same_type(was, port):
        fits = was.type == port.type and _covers(port, was) and (port.optional or not was.optional)
        if fits:
            said = (
                f"The {word} {name} may now be {_type(port)} (it was {_type(was)}); what callers send fits."
            )
        else:
            said = f"The {word} {name} must now be {_type(port)} (it was {_type(was)})."
        yield _difference("minor" if fits else "breaking", said, subject, was, port)
    elif was.optional and not port.optional:
        said = f"The {word} {name} was optional and is now required."
        yield _difference("breaking", said, subject, was, port)
    elif port.optional and not was.optional:
        yield _difference("minor", f"The {word} {name} is now optional.", subject, was, port)


def _outputs(before: Sequence[Port], after: Sequence[Port]) -> Iterator[Difference]:
    old, new = _named(before), _named(after)
    for name, port in old.items():
        if name not in new:
            sentence = f"The output {name} is gone: callers that read it will fail."
            yield _difference("breaking", sentence, f"output {name}", port, None)
    for name, port in new.items():
        subject = f"output {name}"
        was = old.get(name)
        if was is None:
            yield _difference("minor", f"There is a new output {name} ({_type(port)}).", subject, None, port)
        else:
            yield from _changed_output(name, was, port)
    yield from _order("output", old, new)


def _changed_output(name: str, was: Port, port: Port) -> Iterator[Difference]:
    subject = f"output {name}"
    if not _same_type(was, port):
        fits = was.type == port.type and _covers(was, port) and (was.optional or not port.optional)
        said = f"The output {name} is now {_type(port)} (it was {_type(was)})."
        yield _difference("minor" if fits else "breaking", said, subject, was, port)
    elif port.optional and not was.optional:
        yield _difference("breaking", f"The output {name} may now be missing.", subject, was, port)
    elif was.optional and not port.optional:
        yield _difference("minor", f"The output {name} is now always there.", subject, was, port)


def _order(word: str, old: dict[str, Port], new: dict[str, Port]) -> Iterator[Difference]:
    before = [name for name in old if name in new]
    after = [name for name in new if name in old]
    if before != after:
        yield Difference(
            "signature",
            "important",
            f"The order of the {word}s changed; it matters to callers that go by position.",
            f"order of {word}s",
            ", ".join(before),
            ", ".join(after),
        )


def _difference(
    severity: Severity, sentence: str, subject: str, before: Port | None, after: Port | None
) -> Difference:
    return Difference("signature", severity, sentence, subject, _said(before), _said(after))


def _named(ports: Sequence[Port]) -> dict[str, Port]:
    # Tensor signatures often have no names, and a hostile one may repeat them: the position tells apart.
    named: dict[str, Port] = {}
    for position, port in enumerate(ports, start=1):
        name = shortened(port.name, 60)
        if not name or name in named:
            name = f"{name} (number {position})".strip()
        named[name] = port
    return named


def _type(port: Port) -> str:
    kind = shortened(port.type, 60) or "of unknown type"
    if port.shape is None:
        return kind
    dimensions = ", ".join(shortened(str(size), 20) for size in port.shape[:8])
    return f"{kind} [{dimensions}{', …' if len(port.shape) > 8 else ''}]"


def _said(port: Port | None) -> str | None:
    if port is None:
        return None
    return f"{_type(port)}, optional" if port.optional else _type(port)


def _same_type(was: Port, port: Port) -> bool:
    return (was.type, was.shape) == (port.type, port.shape)


def _covers(wide: Port, narrow: Port) -> bool:
    if wide.shape is None or narrow.shape is None:
        return wide.shape == narrow.shape
    return len(wide.shape) == len(narrow.shape) and all(
        _dynamic(big) or big == small for big, small in zip(wide.shape, narrow.shape, strict=True)
    )


def _dynamic(size: int | str) -> bool:
    return isinstance(size, str) or size < 0
