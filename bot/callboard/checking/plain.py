"""Facts and reports as lists that JSON can hold, and back: TypeError or ValueError for what is none."""

from __future__ import annotations

from typing import Any

from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.together import Facts, Remark


def plain_facts(facts: Facts) -> list[object]:
    """What ``facts_of`` makes the same facts of."""
    names = [facts.refers_to, facts.beside, facts.leads_to, facts.locations]
    return [facts.remarks, facts.entities, *names, facts.is_yaml]


def facts_of(found: Any) -> Facts:
    """Facts that were made plain."""
    remarks, entities, refers_to, beside, leads_to, locations, is_yaml = found
    return Facts(
        tuple(_remark(one) for one in remarks),
        tuple(None if one is None else text_of(one) for one in entities),
        tuple(map(text_of, refers_to)),
        tuple(map(text_of, beside)),
        tuple(map(text_of, leads_to)),
        tuple(map(text_of, locations)),
        is_yaml is True,
    )


def plain_report(report: Report) -> list[object]:
    """What ``report_of`` makes the same report of."""
    diagnostics = [
        (one.file, one.line, one.column, one.severity, one.code, one.message, one.entity)
        for one in report.diagnostics
    ]
    return [report.files, report.entities, diagnostics]


def report_of(found: Any) -> Report:
    """A report that was made plain."""
    files, entities, diagnostics = found
    return Report(_number(files), _number(entities), tuple(_diagnostic(one) for one in diagnostics))


def text_of(found: Any) -> str:
    """A text."""
    if type(found) is not str:
        raise TypeError(found)
    return found


def _remark(found: Any) -> Remark:
    line, column, severity, code, message, entity = found
    if severity not in ("error", "warning"):
        raise ValueError(severity)
    about = None if entity is None else text_of(entity)
    return Remark(_number(line), _number(column), severity, text_of(code), text_of(message), about)


def _diagnostic(found: Any) -> Diagnostic:
    file, *remark = found
    return Diagnostic(text_of(file), *_remark(remark))


def _number(found: Any) -> int:
    if type(found) is not int or found < 0:
        raise TypeError(found)
    return found
