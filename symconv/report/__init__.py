"""Reports: expansions and verdicts as LaTeX, HTML and PDF, and pictures of the sharing."""

from symconv.report.drawing import draw
from symconv.report.write import ReportFiles, write_report

__all__ = ["ReportFiles", "draw", "write_report"]
