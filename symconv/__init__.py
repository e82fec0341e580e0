"""symconv: symbolic and formal verification of strided convolutions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from symconv.errors import SymconvError
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool

if TYPE_CHECKING:
    from symconv.api import check, prove
    from symconv.claim import Claim, read_claim
    from symconv.crosscheck import crosscheck
    from symconv.evaluate import evaluate
    from symconv.expand import Expansion, destride
    from symconv.recheck import recheck
    from symconv.report import draw, report
    from symconv.toeplitz import toeplitz
    from symconv.tying import tie_graph
    from symconv.verdict import Certificate, Refuted, Undecided

__version__ = "0.1.0"

_LATE = {
    "Certificate": "verdict",
    "Claim": "claim",
    "Expansion": "expand",
    "Refuted": "verdict",
    "Undecided": "verdict",
    "check": "api",
    "crosscheck": "crosscheck",
    "destride": "expand",
    "draw": "report",
    "evaluate": "evaluate",
    "prove": "api",
    "read_claim": "claim",
    "recheck": "recheck",
    "report": "report",
    "tie_graph": "tying",
    "toeplitz": "toeplitz",
}
"""Public names by the module that holds them, imported when first used: SymPy costs half a second."""

__all__ = [
    "AvgPool",
    "Certificate",
    "Claim",
    "Conv",
    "ConvTranspose",
    "Expansion",
    "MaxPool",
    "Refuted",
    "SymconvError",
    "Undecided",
    "check",
    "crosscheck",
    "destride",
    "draw",
    "evaluate",
    "prove",
    "read_claim",
    "recheck",
    "report",
    "tie_graph",
    "toeplitz",
]


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'symconv' has no attribute {name!r}")
    value = getattr(import_module(f"symconv.{_LATE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
