"""Other people's text: shown as it is, and never read as LaTeX or HTML."""

from __future__ import annotations

import html
import re
import string
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.report.escape import escape_html, escape_latex, file_stem
from symconv.report.tex import latex_to_pdf
from tests.helpers.hostile import HOSTILE
from tests.helpers.requirements import require_tool

_COMMANDS = re.compile(
    r"\\(textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar|textquotedbl|"
    r"textquotesingle|textasciigrave|ldots|textendash|textemdash)\{\}|\\[{}$&#%_]|"
    r"\\ensuremath\{\\[a-z]+\}|-\{\}|,\{\}"
)


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_character_that_latex_acts_on_is_left(text: str) -> None:
    rest = _COMMANDS.sub("", escape_latex(text))
    assert not set(rest) & set("\\{}$&#^_%~<>|\"'`-,\n")
    assert all(c in string.printable or "\u00c0" <= c <= "\u00ff" for c in rest)


@given(st.text())
def test_html_gives_the_text_back(text: str) -> None:
    escaped = escape_html(text)
    assert not set(escaped) & set("<>\"'")
    plain = "".join(c for c in text if not _unseen(c))
    found = re.sub(r"<U\+[0-9A-F]+>", "", html.unescape(escaped))
    if not re.search(r"<U\+[0-9A-F]+>", text):
        assert found.replace("\n", "").replace("\t", "") == plain


def _unseen(c: str) -> bool:
    """Control, format, unassigned: what a page cannot show, or must not."""
    return unicodedata.category(c) in {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"}


class Tags(HTMLParser):
    """Collects every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_tag_comes_out_of_a_name(text: str) -> None:
    parser = Tags()
    parser.feed(f'<p title="{escape_html(text)}">{escape_html(text)}</p>')
    assert parser.seen == ["p"]


@given(st.text() | st.sampled_from(HOSTILE))
def test_file_names_are_plain_and_stay_in_their_folder(name: str) -> None:
    stem = file_stem(name)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", stem)
    assert len(stem) < 100
    assert not stem.startswith((".", "-"))


def test_different_names_have_different_files() -> None:
    assert file_stem("a/b") != file_stem("a-b") == "a-b"
    assert file_stem("../../etc/passwd").count("/") == 0
    assert file_stem("x" * 500) != file_stem("x" * 501)


def test_latex_prints_it_all() -> None:
    require_tool("latexmk")
    lines = "\n\n".join(escape_latex(text) for text in HOSTILE)
    every = escape_latex("".join(map(chr, [*range(32, 127), *range(0xA0, 0x17F)])))
    packages = r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{textcomp,amsmath}"
    source = rf"\documentclass{{article}}{packages}\begin{{document}}{lines}{every}\end{{document}}"
    assert latex_to_pdf(source).startswith(b"%PDF-")
