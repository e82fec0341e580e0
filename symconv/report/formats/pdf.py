"""Reports as PDF: the LaTeX document, through latexmk."""

from __future__ import annotations

from symconv.report.document import Document
from symconv.report.formats.latex import LATEX
from symconv.report.tex import latex_to_pdf


class PDF:
    """Pages, where a TeX is installed."""

    suffix = ".pdf"
    on_demand = True

    def write(self, document: Document) -> bytes:
        """The pages that LaTeX makes of the document.

        Raises:
            NoTeX: latexmk is not installed.
        """
        return latex_to_pdf(LATEX.text(document))


FORMAT = PDF()
