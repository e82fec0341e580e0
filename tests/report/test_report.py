"""Reports: what they say is so, in LaTeX and HTML alike, for every kind of layer and verdict."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.api import prove, report
from symconv.claim.verdict import Certificate, Fact, Undecided, Verdict
from symconv.errors import ClaimError, InternalError, SymconvError
from symconv.expand import Expansion, destride
from symconv.explain import script
from symconv.layer import Conv
from symconv.network import chain
from symconv.report import ReportFiles, write_report
from symconv.report.document import Block, Figure, Listing, Statement, Table
from symconv.report.drawing.scene import Rect
from symconv.report.formats.html import mathml
from symconv.report.sections.derivations import tables_section
from symconv.report.sections.pictures import operator_section, sharing_section
from symconv.report.sections.verdicts import replay
from symconv.report.write import compose
from symconv.size.names import axis_names
from tests.helpers.hostile import HOSTILE
from tests.helpers.requirements import require_tool
from tests.report.examples import EXPANSIONS, STEM, proved, refuted

TITLES = [
    "The layer",
    "The expanded layer",
    "The theorem",
    "The derivation, every step checked",
    "The operator",
    "The access tables of one axis",
    "The sharing",
    "What was proved, how, and what you must trust",
    "Do it again",
]


def write(
    expansion: Expansion, folder: Path, verdict: Verdict | None = None, **more: Any
) -> ReportFiles:
    options = {"name": "layer", "command": "symconv report layer -o reports", **more}
    return write_report(
        expansion, proved(expansion) if verdict is None else verdict, folder, **options
    )


class Page(HTMLParser):
    """The tags of a page, its headings, and whether every tag is closed in its turn."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.headings: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.mark.parametrize("name", EXPANSIONS)
def test_every_kind_of_layer_has_a_report(name: str, tmp_path: Path) -> None:
    files = write(EXPANSIONS[name], tmp_path / "new" / "folder")
    assert (files.pdf, files.notes) == (None, ())
    page = Page(files.html.read_text(encoding="utf-8"))
    assert page.open == []
    assert page.headings == [f"{n}. {title}" for n, title in enumerate(TITLES, start=1)]
    tex = files.tex.read_text(encoding="utf-8")
    assert [line for line in tex.splitlines() if line.startswith(r"\section")] == [
        rf"\section{{{title.replace(',', ',{}')}}}" for title in TITLES
    ]
    assert files.html.stat().st_size < 3_000_000


def test_no_page_fetches_anything(tmp_path: Path) -> None:
    source = write(STEM, tmp_path).html.read_text(encoding="utf-8")
    urls = set(re.findall(r"[a-z]+://[^\"'\s<>]+", source))
    assert urls == {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert not re.search(r"\bsrc=|\bhref=|url\(|@import|<script|<link|<iframe|<object", source)


def test_formulas_and_pictures_are_well_formed(tmp_path: Path) -> None:
    source = write(STEM, tmp_path).html.read_text(encoding="utf-8")
    parts = re.findall(r"<math.*?</math>|<svg.*?</svg>", source, flags=re.DOTALL)
    assert len(parts) > 60
    for part in parts:
        root = ElementTree.fromstring(part)  # noqa: S314
        words = "".join(root.itertext())
        assert "\\" not in words


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first, again = (write(STEM, tmp_path / place) for place in ("a", "b"))
    assert first.tex.read_bytes() == again.tex.read_bytes()
    assert first.html.read_bytes() == again.html.read_bytes()
    dated = write(STEM, tmp_path / "c", date="1 May 2030")
    assert "1 May 2030" in dated.html.read_text(encoding="utf-8")


def blocks(expansion: Expansion, verdict: Verdict | None = None) -> Iterator[Block]:
    verdict = proved(expansion) if verdict is None else verdict
    document = compose(expansion, verdict, name="n", command="c")
    for section in document.sections:
        yield from section.blocks


def words(prose: Any) -> str:
    return "".join(str(getattr(part, "text", None) or getattr(part, "tex", "")) for part in prose)


def rows(expansion: Expansion) -> dict[str, list[str]]:
    """Every row of every table, by its first cell."""
    return {
        words(row[0]): [words(cell) for cell in row[1:]]
        for block in blocks(expansion)
        if isinstance(block, Table)
        for row in block.rows
    }


def test_the_numbers_of_the_stem() -> None:
    found = rows(STEM)
    assert found["free parameters (tied)"] == [f"{64 * 3 * 49:,}", "49"]
    assert found["slots, which are the parameters if untied"] == [f"{64 * 12 * 16:,}", "64"]
    assert found["structural zeros"] == [f"{64 * 3 * 15:,}", "15"]
    assert found["strided layer"][0] == f"{64 * 3 * 49 * 112**2:,}"
    assert found["expanded layer, zeros multiplied"] == [f"{64 * 12 * 16 * 112**2:,}", "1.306"]
    assert found["padding"] == ["[[2, 1], [2, 1]]", "low and high; negative ones crop"]


@pytest.mark.parametrize("name", ["line", "tied", "residual", "transposed", "volume", "max"])
def test_counts_are_those_of_the_weight_map(name: str) -> None:
    expansion = EXPANSIONS[name]
    labels, found = expansion.parameter_labels(), rows(expansion)
    held, copies = np.unique(labels[labels >= 0], return_counts=True)
    assert found["free parameters (tied)"][0] == f"{len(held):,}"
    assert found["slots of each parameter"][0] == str(copies[0])
    assert found["structural zeros"][0] == f"{(labels < 0).sum():,}"
    assert found["slots, which are the parameters if untied"][0] == f"{labels.size:,}"


def test_a_dilation_that_is_kept_is_said() -> None:
    layer = Conv(2, 4, 3, stride=(1, 2), dilation=(4, 1), padding=2, groups=2)
    expansion = destride(layer, (13, 14))
    assert isinstance(expansion, Expansion)
    assert rows(expansion)["dilation"][0] == r"4 \times 1"


def test_the_access_tables_agree_with_each_other_and_with_counting() -> None:
    expansion = EXPANSIONS["tied"]
    beside: Any = tables_section(expansion).blocks[1]
    for o, (left, right) in enumerate(zip(beside.left.rows, beside.right.rows, strict=True)):
        assert words(right[0]) == f"({o % 3}, {o // 3})"
        for k in range(3):
            fine = 2 * o + k - 1
            shown = words(left[1 + k]), words(right[1 + k])
            if 0 <= fine < 17:
                assert shown == (str(fine), f"({fine % 6}, {fine // 6})")
            else:
                assert shown == (r"\bot", r"\bot")


def test_long_tables_are_reduced_and_say_so() -> None:
    section: Any = tables_section(STEM)
    assert "left out" in words(section.blocks[0].words)
    assert len(section.blocks[1].left.rows) == 9
    assert [words(c) for c in section.blocks[1].left.rows[-1]] == (
        ["111", "219", "220", "…", r"\bot", r"\bot"]
    )


def test_pictures_share_their_colours_and_say_their_size() -> None:
    expansion = EXPANSIONS["tied"]
    figures = [b for s in (operator_section, sharing_section) for b in s(expansion).blocks]
    pictures = [block for block in figures if isinstance(block, Figure)]
    fills = [
        {item.fill for item in picture.scene.items if isinstance(item, Rect)} - {None, "faint"}
        for picture in pictures
    ]
    assert len(pictures) == 3
    assert all(len(colors) == 3 and colors == fills[0] for colors in fills)
    captions = "; ".join(words(picture.caption) for picture in pictures)
    assert "samples to" in captions
    stem = " ".join(
        words(b.caption) for b in operator_section(STEM).blocks if isinstance(b, Figure)
    )
    assert "a stand-in of the same geometry at reduced size" in stem


def test_the_facts_and_their_trust_are_listed() -> None:
    facts = (
        Fact("tables", "every coefficient"),
        Fact("sympy", "the stand-in's matrices", {"input_size": [9, 9], "entries": 1296}),
        Fact("kernel", "everything"),
    )
    verdict = Certificate(STEM.claim(), facts, (64, 112, 112), 0.1)
    table: Any = next(b for b in list(blocks(STEM, verdict))[::-1] if isinstance(b, Table))
    shown = [[words(cell) for cell in row] for row in table.rows]
    assert [row[0] for row in shown] == ["tables", "sympy", "kernel"]
    assert shown[1][1] == "the stand-in's matrices (input_size: [9, 9]; entries: 1296)"
    assert "SymPy's polynomial arithmetic" in shown[1][2]
    assert "Trust: " in shown[2][2]


def test_seconds_do_not_enter(tmp_path: Path) -> None:
    verdict = proved(STEM)
    slow = replace(verdict, seconds=1234.5)
    one, other = (write(STEM, tmp_path / n, v) for n, v in (("a", verdict), ("b", slow)))
    assert one.tex.read_bytes() == other.tex.read_bytes()


@pytest.mark.parametrize("name", ["line", "tied", "residual", "reflect", "volume"])
def test_a_refutation_shows_a_counterexample_that_replays(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expansion = EXPANSIONS[name]
    verdict = refuted(expansion)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    listing = next(b for b in blocks(expansion, verdict) if isinstance(b, Listing))
    script = tmp_path / "replay.py"
    script.write_text(listing.text)
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    found = verdict.counterexample
    assert run.stdout.split() == ["left", found.left, "right", found.right]
    assert replay(verdict.claim, found) == (found.left, found.right)
    page = write(expansion, tmp_path, verdict).html.read_text(encoding="utf-8")
    assert "The claim is refuted" in page
    assert "What was proved" not in page


def test_shapes_that_differ_replay_too() -> None:
    claim = EXPANSIONS["line"].claim()
    longer = replace(claim, right=claim.right[:-1])
    from symconv.prove.tables.decide import decide_by_tables

    verdict: Any = decide_by_tables(longer)
    assert verdict.verdict == "refuted"
    assert verdict.counterexample.left_shape is not None
    assert replay(longer, verdict.counterexample) is not None
    assert ".shape" in script(replace(verdict, claim=longer))


def test_a_counterexample_that_is_none_is_refused() -> None:
    expansion = EXPANSIONS["line"]
    found = refuted(expansion).counterexample
    with pytest.raises(SymconvError, match="does not replay"):
        replay(expansion.claim(), found)


def test_an_undecided_claim_gives_its_reason() -> None:
    verdict = Undecided(STEM.claim(), "it is <too> large.", 1.0)
    (found,) = (b for b in blocks(STEM, verdict) if isinstance(b, Statement) and b.tone == "open")
    assert "it is <too> large." in words(found.words)


def test_a_verdict_about_another_layer_is_refused() -> None:
    with pytest.raises(ClaimError, match="report them apart"):
        list(blocks(STEM, proved(EXPANSIONS["line"])))


def test_a_wrong_expansion_has_no_report(tmp_path: Path) -> None:
    expansion = destride(Conv(1, 1, kernel_size=3, stride=2, padding=1), (9,))
    verdict = proved(expansion)
    p, k, r, q = expansion.axes[0].taps
    expansion.axes[0].__dict__["taps"] = (p, k[::-1], r, q)
    with pytest.raises(InternalError, match="fails at output"):
        write(expansion, tmp_path, verdict)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_commands_are_text_and_nothing_else(name: str, tmp_path: Path) -> None:
    files = write(EXPANSIONS["tied"], tmp_path, name=name, command=f"symconv report '{name}'")
    assert files.html.parent == files.tex.parent == tmp_path
    page = Page(files.html.read_text(encoding="utf-8"))
    assert page.open == []
    assert "script" not in page.seen
    plain = Page(write(EXPANSIONS["tied"], tmp_path).html.read_text(encoding="utf-8"))
    assert page.headings == plain.headings
    tex = files.tex.read_text(encoding="utf-8")
    assert r"\input{" not in tex
    assert tex.count(r"\end{document}") == 1


def test_latex_compiles_with_every_hostile_name(tmp_path: Path) -> None:
    require_tool("latexmk")
    name = " ".join(HOSTILE)
    files = write(EXPANSIONS["tied"], tmp_path, name=name, command=name, pdf=True)
    assert files.pdf is not None
    assert files.pdf.read_bytes().startswith(b"%PDF-")


@pytest.mark.once
@pytest.mark.parametrize("name", ["stem", "transposed", "average", "reflect", "four axes", "huge"])
def test_the_pdf_has_no_overfull_line(name: str, tmp_path: Path) -> None:
    latexmk = require_tool("latexmk")
    files = write(EXPANSIONS[name], tmp_path)
    options = ["-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
    command = [latexmk, *options, files.tex.name]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    log = files.tex.with_suffix(".log").read_text(errors="replace")
    assert "Overfull" not in log
    assert "Missing character" not in log


@pytest.mark.once
def test_a_refutation_compiles(tmp_path: Path) -> None:
    require_tool("latexmk")
    files = write(EXPANSIONS["line"], tmp_path, refuted(EXPANSIONS["line"]), pdf=True)
    assert files.pdf is not None
    first = files.pdf.read_bytes()
    assert write(EXPANSIONS["line"], tmp_path, refuted(EXPANSIONS["line"]), pdf=True).pdf
    assert files.pdf.read_bytes() == first


def test_without_a_tex_there_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    files = write(STEM, tmp_path, pdf=True)
    assert files.pdf is None
    (note,) = files.notes
    assert "latexmk, which is not installed" in note
    assert files.tex.exists()
    assert files.html.exists()


def test_a_hat_stays_small() -> None:
    assert 'stretchy="false"' in mathml(r"\hat w")


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_a_verdict_are_text_and_nothing_else(text: str, tmp_path: Path) -> None:
    expansion = EXPANSIONS["tied"]
    fact = Fact(text, text, {text: text})
    certificate = Certificate(expansion.claim(), (fact,), (1, 9), 0.1)
    for verdict in (Undecided(expansion.claim(), text, 0.1), certificate):
        files = write(expansion, tmp_path, verdict)
        page = Page(files.html.read_text(encoding="utf-8"))
        assert page.open == []
        assert "script" not in page.seen
        tex = files.tex.read_text(encoding="utf-8")
        assert r"\input{" not in tex
        assert tex.count(r"\end{document}") == 1
        assert "%%" not in tex.replace(r"\%", "")


@pytest.mark.parametrize("example", ["stem", "uneven", "reflect", "transposed", "average"])
def test_the_same_layer_at_every_size(example: str, tmp_path: Path) -> None:
    expansion = EXPANSIONS[example]
    everywhere = prove(expansion, axis_names(len(expansion.axes)))
    assert isinstance(everywhere, Certificate)
    files = write(expansion, tmp_path, everywhere=everywhere)
    for text in (files.html.read_text(), files.tex.read_text()):
        assert "At every size" in text
        assert "decided by isl" in text
        assert everywhere.claim.names[0] in text


def test_a_chain_at_every_size(tmp_path: Path) -> None:
    network = chain("tail", [Conv(1, 1, 3, 1, 1), "relu", Conv(1, 1, 3, 2, 1)], (7,))
    files = report(network, tmp_path)
    page = files.html.read_text()
    assert "At every size" in page
    assert "N % 2 == 1" in page
    assert "every square commutes iff N % 2 == 0" in page
