"""Operators in LaTeX: written out where small, named where large."""

from __future__ import annotations

import shutil
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from symconv.layer import Conv
from symconv.report.tex import latex_to_pdf
from symconv.toeplitz import (
    toeplitz,
    weight_symbols,
)
from symconv.toeplitz.latex import MOST_ROWS

Array = NDArray[Any]


def balanced(text: str) -> bool:
    """Braces and environments open and close."""
    depth = 0
    for left, right in pairwise(" " + text):
        depth += (right == "{" and left != "\\") - (right == "}" and left != "\\")
        if depth < 0:
            return False
    return depth == 0 and text.count(r"\begin{") == text.count(r"\end{")


def test_a_small_operator_is_written_out_in_latex() -> None:
    text = toeplitz(Conv(1, 1, 3, stride=2, padding=1), (5,))._repr_latex_()
    assert text.startswith("$\\displaystyle y = ")
    assert text.count(r"\begin{bmatrix}") == 4
    assert r"w_{0,0,0} & w_{0,0,1} & w_{0,0,2} & 0" in text
    assert r"\end{bmatrix}}_{S}" in text
    assert text.endswith(r"x + \underbrace{\begin{bmatrix}b_{0}\\b_{0}\\b_{0}\end{bmatrix}}_{b}$")
    assert balanced(text)


def test_a_large_operator_is_named_in_latex() -> None:
    text = toeplitz(Conv(3, 64, 7, stride=2, padding=3, bias=False), (224, 224))._repr_latex_()
    assert r"y = \underbrace{S}_{802816 \times 3211264}\,\underbrace{T(w)}" in text
    assert r"T(w) = \sum_{m,c,k_{1},k_{2}} w_{m,c,k_{1},k_{2}}\, E_{m,c} \otimes J^{(1)}" in text
    assert balanced(text)
    grouped = toeplitz(Conv(4, 6, 3, groups=2, bias=False), (20,)).T._repr_latex_()
    assert r"\underbrace{T(w)^{\top}}_{80 \times 108}" in grouped
    assert balanced(grouped)


def test_the_nested_sum_of_latex_is_the_operator() -> None:
    """``sum w E_{m,c} (x) J_k1 (x) J_k2``, with the shift matrices that the docstring describes."""
    layer = Conv(2, 2, (2, 3), dilation=(2, 1), bias=False)
    (valid,) = toeplitz(layer, (4, 5)).factors
    total = np.zeros(valid.shape, dtype=object)
    for place, w in np.ndenumerate(weight_symbols((2, 2, 2, 3))):
        m, c, i, j = place
        one = np.zeros((2, 2), dtype=object)
        one[m, c] = w
        shifts = [np.eye(2, 4, 2 * i, dtype=object), np.eye(3, 5, j, dtype=object)]
        total = total + np.kron(np.kron(one, shifts[0]), shifts[1])
    assert total.tolist() == np.array(valid.as_matrix().tolist(), dtype=object).tolist()


PAGE = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[paperwidth=2000mm]{geometry}
\begin{document}
@
\end{document}
"""


@pytest.mark.once
@pytest.mark.skipif(shutil.which("latexmk") is None, reason="there is no latexmk")
def test_matrices_of_every_width_compile() -> None:
    layers = [Conv(1, 1, 2, padding=1), Conv(1, 1, 2, stride=2)]
    sizes = range(2, MOST_ROWS + 4)
    texts = [toeplitz(layer, (size,))._repr_latex_() for layer in layers for size in sizes]
    widths = {row.count("&") + 1 for text in texts for row in text.split(r"\\") if "&" in row}
    assert set(range(2, MOST_ROWS + 1)) <= widths
    pdf = latex_to_pdf(PAGE.replace("@", "\n\n".join(texts)))
    assert pdf.startswith(b"%PDF")
