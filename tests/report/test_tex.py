"""LaTeX runs without a shell, away from everybody's files, and its faults are one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.report.tex import TeXFault, latex_to_pdf
from tests.helpers.requirements import require_tool

PAGE = r"\documentclass{article}\begin{document}%s\end{document}"


@pytest.fixture(autouse=True)
def _latexmk() -> None:
    require_tool("latexmk")


def test_the_same_source_gives_the_same_pdf() -> None:
    source = PAGE % r"\pdftrailerid{}\today"
    assert latex_to_pdf(source) == latex_to_pdf(source)


def test_an_error_is_one_line() -> None:
    with pytest.raises(TeXFault, match=r"LaTeX failed: ! Undefined control sequence") as fault:
        latex_to_pdf(PAGE % r"\nosuchthing")
    assert "\n" not in str(fault.value)


def test_no_program_is_started(tmp_path: Path) -> None:
    made = tmp_path / "made"
    latex_to_pdf(PAGE % rf"x\immediate\write18{{touch {made}}}")
    assert not made.exists()


def test_no_file_outside_is_read_or_written(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("secret")
    with pytest.raises(TeXFault):
        latex_to_pdf(PAGE % rf"\input{{{secret}}}")
    with pytest.raises(TeXFault):
        latex_to_pdf(PAGE % rf"\newwrite\f\immediate\openout\f={tmp_path}/made x")
    assert [path.name for path in tmp_path.iterdir()] == ["secret.tex"]


def test_a_users_latexmkrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".latexmkrc").write_text("die 'read me';\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert latex_to_pdf(PAGE % "x").startswith(b"%PDF-")
