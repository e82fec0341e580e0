"""Reports: expansions and verdicts as LaTeX, HTML and PDF, and pictures of the sharing."""

from symconv.report.drawing import draw
from symconv.report.gallery import Shown, write_claim, write_gallery
from symconv.report.write import ReportFiles, write_report

__all__ = ["ReportFiles", "Shown", "draw", "write_claim", "write_gallery", "write_report"]
