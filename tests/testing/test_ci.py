"""Results for CI: JUnit XML that any parser reads, annotations that no text escapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from symconv.testing.families import Family
from symconv.testing.github import MOST, annotation_lines, of_data, of_property
from symconv.testing.junit import allowed, write_junit

HOSTILE = "<a b='c'>&amp;]]>\"\x00\x1b[31m\ud800\ufffe\n\r\t\u00e9\U0001f600-->"


def rows(note: str) -> list[dict[str, Any]]:
    verdicts = ("proved", "refuted", "undecided", "declined", "error")
    return [
        {"verdict": verdict, "configuration": {note: [n]}, "note": note, "digest": ""}
        for n, verdict in enumerate(verdicts)
    ]


@pytest.mark.parametrize("note", ["plain", HOSTILE, "x" * 10_000])
def test_junit_is_read_by_a_parser(note: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "junit.xml"
    many = rows(note)
    write_junit(path, note, many, {row["verdict"]: 1 for row in many}, 1.5)
    suites = ET.parse(path).getroot()  # noqa: S314 - written by the line above
    (suite,) = suites
    assert suites.tag == "testsuites"
    assert suite.attrib["name"] == allowed(note)
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "2", "skipped": "1"}
    kinds = [[child.tag for child in case] for case in suite]
    assert kinds == [[], ["failure"], ["error"], ["skipped"], ["error"]]
    assert [suite[n][0].attrib["type"] for n in (1, 2)] == ["refuted", "undecided"]
    assert suite[1][0].attrib["message"] == allowed(note)
    assert list(path.parent.iterdir()) == [path]


def test_a_junit_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text("before")

    def broken() -> Any:
        yield rows("x")[0]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_junit(path, "s", broken(), {"proved": 2}, 0.0)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_annotation_is_one_line_whatever_is_in_it() -> None:
    family = Family(HOSTILE, 2, 0, {HOSTILE: "::error::x"}, HOSTILE + "\n::error::x")
    (line,) = annotation_lines([("refuted", family)], "mod:fn,x=y\n")
    assert line.startswith("::error title=mod%3Afn%2Cx=y%0A refuted::2 with ")
    assert not set("\r\n") & set(line)


def test_github_shows_ten_of_a_step() -> None:
    family = Family("k 1", 1, 0, {"k": 1}, "m")
    assert len(list(annotation_lines([("error", family)] * 50, "t"))) == MOST


def test_escapes_can_be_taken_back() -> None:
    for text in (HOSTILE, "100 %25", "%0A", "a:b,c"):
        for escaped in (of_data(text), of_property(text)):
            back = escaped.replace("%3A", ":").replace("%2C", ",")
            assert back.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") == text
