"""Pages of claims: every part is there, and other people's text stays text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from symconv.cli import main

EVIL = "<script>alert(1)</script> \\input{x} $y$ & %"


def claim(name: str, padding: Any) -> dict[str, Any]:
    return {
        "name": name,
        "source": f"source {EVIL}",
        "comment": f"comment {EVIL}",
        "input": {"channels": 1, "size": [8]},
        "weights": {"w": {"shape": [1, 1, 3]}},
        "left": [{"op": "conv", "weight": "w", "stride": 2, "padding": "same"}],
        "right": [{"op": "conv", "weight": "w", "stride": 2, "padding": padding}],
    }


def run(tmp_path: Path, *arguments: str) -> int:
    path = tmp_path / "claims.json"
    claims = [claim("true", [[0, 1]]), claim(f"false {EVIL}", 1), {"name": "broken"}]
    path.write_text(json.dumps({"claims": claims}))
    command = [arguments[0], str(path), "-o", str(tmp_path / "out"), *arguments[1:]]
    return CliRunner().invoke(main, command, catch_exceptions=False).exit_code


def test_a_gallery_shows_verdicts_counterexamples_and_repairs(tmp_path: Path) -> None:
    assert run(tmp_path, "gallery") == 1
    html = (tmp_path / "out" / "lowerings.html").read_text()
    tex = (tmp_path / "out" / "lowerings.tex").read_text()
    for text in (html, tex):
        assert "left multiplies w" in text
        assert "instead of 1" in text
        assert "1 proved" in text
        assert "1 refuted" in text
    assert "<script>" not in html
    assert "\\input{x}" not in tex
    assert "import numpy as np" in html


def test_each_claim_has_a_report_of_its_own(tmp_path: Path) -> None:
    assert run(tmp_path, "report") == 1
    pages = sorted((tmp_path / "out").glob("*.html"))
    assert len(pages) == 2
    assert all("<script>" not in page.read_text() for page in pages)
    true = (tmp_path / "out" / "true.html").read_text()
    assert "Both sides have the same coefficients" in true
    assert "stride" in true
