"""Numbers as people read them, the same on every machine."""

from __future__ import annotations


def number(value: float) -> str:
    """``value`` with four significant digits at most, without an exponent where one can do without."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1e-4 <= abs(value) < 1e4:
        return f"{value:.4g}"
    if 1e4 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.3e}"


def size(count: int) -> str:
    """Bytes in the largest binary unit that leaves at least one: ``1.5 MiB``."""
    if count < 1024:
        return f"{count} bytes"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1023.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} TiB"


def more(count: int, what: str) -> str:
    """``and N more …``, or nothing when nothing was left out."""
    return f"and {count:,} more {what}" if count > 0 else ""
