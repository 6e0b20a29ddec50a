"""What is said where Callboard itself fails on a file, so that it costs no other."""

from __future__ import annotations

from collections.abc import Iterator

from callboard.validation.together import Remark


def unless_defect(remarks: Iterator[Remark]) -> Iterator[Remark]:
    """The remarks; where a rule fails, those before it, and that it failed."""
    try:
        yield from remarks
    except Exception as error:  # one entity's fault must not stop the others
        yield defect(error)


def defect(error: Exception) -> Remark:
    """What to say of an error that nobody expected. Raises it where it is the machine's, and not ours."""
    if isinstance(error, MemoryError):
        raise error
    from traceback import extract_tb

    *_, last = extract_tb(error.__traceback__)
    where = f"{type(error).__name__} in {last.filename.rpartition('/')[2]}:{last.lineno}"
    message = (
        f"Callboard itself failed on this file ({where}), so not all of it was judged; "
        "this is a defect of Callboard: please report it, with the file if you may"
    )
    return Remark(1, 1, "error", "internal-error", message, None)
