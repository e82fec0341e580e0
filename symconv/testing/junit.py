"""Results as JUnit XML, which every CI server reads: a test case for each row, however many."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from symconv.errors import shortened

Row = Mapping[str, Any]

ELEMENTS = {
    "refuted": "failure",
    "error": "error",
    "undecided": "error",
    "declined": "skipped",
}
"""What stands in the test case of a verdict; what is not decided must not look as if it passed."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(
    path: str | Path, suite: str, rows: Iterable[Row], counts: Mapping[str, int], seconds: float
) -> None:
    """Write rows as the test cases of one suite; the file is whole or as it was.

    Args:
        path: the file.
        suite: the suite's name, and the class of its cases.
        rows: the rows, walked once.
        counts: how many there are of each verdict, which stands before them.
        seconds: how long they took.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            _write(XMLGenerator(file, "utf-8"), suite, rows, counts, seconds)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _write(
    xml: XMLGenerator, suite: str, rows: Iterable[Row], counts: Mapping[str, int], seconds: float
) -> None:
    totals = {"tests": str(sum(counts.values())), "failures": str(counts.get("refuted", 0))}
    totals["errors"] = str(counts.get("error", 0) + counts.get("undecided", 0))
    totals["skipped"] = str(counts.get("declined", 0))
    own = AttributesImpl({"name": allowed(suite), **totals, "time": f"{seconds:.3f}"})
    xml.startDocument()
    xml.startElement("testsuites", own)
    xml.startElement("testsuite", own)
    for row in rows:
        _write_case(xml, suite, row)
    xml.endElement("testsuite")
    xml.endElement("testsuites")
    xml.endDocument()


def _write_case(xml: XMLGenerator, suite: str, row: Row) -> None:
    name = allowed(shortened(json.dumps(row.get("configuration"), ensure_ascii=False)))
    xml.characters("\n")
    xml.startElement("testcase", AttributesImpl({"classname": allowed(suite), "name": name}))
    if element := ELEMENTS.get(row["verdict"]):
        note = allowed(str(row.get("note", "")))
        xml.startElement(element, AttributesImpl({"type": row["verdict"], "message": note}))
        xml.characters(allowed(json.dumps(row.get("configuration"), ensure_ascii=False)))
        xml.endElement(element)
    xml.endElement("testcase")


def allowed(text: str) -> str:
    r"""A text without the characters that XML forbids, however they are written.

    >>> allowed("a\x00b\x1b[31mc\ufffe")
    'ab[31mc'
    """
    return _FORBIDDEN.sub("", text)
