"""The sharing, drawn: the expanded kernel in colours, the tie map as a graph, the operator."""

from symconv.report.drawing.files import draw

__all__ = ["draw"]
