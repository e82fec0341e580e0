"""symconv: symbolic and formal verification of strided convolutions."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from symconv.errors import SymconvError
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool

if TYPE_CHECKING:
    from symconv.api import (
        check,
        prove,
        prove_for_all_sizes,
        prove_network,
        prove_network_for_all_sizes,
        report,
    )
    from symconv.claim import Claim, read_claim
    from symconv.crosscheck import crosscheck
    from symconv.destride import destride
    from symconv.evaluate import evaluate
    from symconv.expand import Expansion
    from symconv.network import Network, chain
    from symconv.recheck import recheck
    from symconv.replay import replay
    from symconv.report import draw
    from symconv.toeplitz import toeplitz
    from symconv.tying import tie_graph
    from symconv.verdict import Certificate, Refuted, Undecided

__version__ = "0.1.0"

_LATE = {
    "Certificate": "verdict",
    "Claim": "claim",
    "Expansion": "expand",
    "Network": "network",
    "Refuted": "verdict",
    "Undecided": "verdict",
    "chain": "network",
    "check": "api",
    "crosscheck": "crosscheck",
    "destride": "destride",
    "draw": "report",
    "evaluate": "evaluate",
    "prove": "api",
    "prove_for_all_sizes": "api",
    "prove_network": "api",
    "prove_network_for_all_sizes": "api",
    "read_claim": "claim",
    "recheck": "recheck",
    "replay": "replay",
    "report": "api",
    "tie_graph": "tying",
    "toeplitz": "toeplitz",
}
"""Public names by the module that holds them, imported when first read: SymPy takes a while."""

__all__ = [
    "AvgPool",
    "Certificate",
    "Claim",
    "Conv",
    "ConvTranspose",
    "Expansion",
    "MaxPool",
    "Network",
    "Refuted",
    "SymconvError",
    "Undecided",
    "chain",
    "check",
    "crosscheck",
    "destride",
    "draw",
    "evaluate",
    "prove",
    "prove_for_all_sizes",
    "prove_network",
    "prove_network_for_all_sizes",
    "read_claim",
    "recheck",
    "replay",
    "report",
    "tie_graph",
    "toeplitz",
]


class _LateName:
    """A public name that is imported when first read.

    Some verbs share their name with the module behind them (`symconv.prove`, `symconv.report`).
    Importing a submodule binds it on its package; here that is ignored, so that the verb stays.
    """

    def __init__(self, name: str, module: str) -> None:
        self._name, self._module = name, f"symconv.{module}"

    def __get__(self, package: ModuleType | None, owner: type) -> Any:
        return getattr(import_module(self._module), self._name)

    def __set__(self, package: ModuleType, value: object) -> None:
        pass


class _Package(ModuleType):
    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *__all__})


for _name, _module in _LATE.items():
    setattr(_Package, _name, _LateName(_name, _module))
sys.modules[__name__].__class__ = _Package
