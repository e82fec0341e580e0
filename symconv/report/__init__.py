"""Reports: expansions and verdicts as LaTeX, HTML and PDF, and pictures of the sharing."""

from symconv.report.chapter import Told, write_chapter
from symconv.report.drawing import draw
from symconv.report.drawing.model import draw_model
from symconv.report.drawing.network import draw_network
from symconv.report.gallery import Shown, write_claim, write_gallery
from symconv.report.lattice import write_lattice_report
from symconv.report.model import write_model_report
from symconv.report.network import write_network_report
from symconv.report.write import ReportFiles, write_report

__all__ = [
    "ReportFiles",
    "Shown",
    "Told",
    "draw",
    "draw_model",
    "draw_network",
    "write_chapter",
    "write_claim",
    "write_gallery",
    "write_lattice_report",
    "write_model_report",
    "write_network_report",
    "write_report",
]
