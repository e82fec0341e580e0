"""symconv: symbolic and formal verification of strided convolutions."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from symconv.errors import SymconvError

__version__ = "0.1.0"

_LATE = {
    "AvgPool": "layer",
    "Budget": "machine.budget",
    "Certificate": "claim.verdict",
    "Claim": "claim",
    "Conv": "layer",
    "ConvTranspose": "layer",
    "Expansion": "expand",
    "LatticeConv": "layer",
    "MaxPool": "layer",
    "Network": "network",
    "Refuted": "claim.verdict",
    "Undecided": "claim.verdict",
    "chain": "network",
    "check": "api",
    "check_models": "models.check",
    "convert": "models.convert",
    "crosscheck": "crosscheck",
    "destride": "expand",
    "draw": "report",
    "evaluate": "replay.layers",
    "prove": "api",
    "prove_model": "models.prove",
    "read_claim": "claim",
    "recheck": "recheck",
    "replay": "replay.run",
    "report": "api",
    "tie_graph": "sharing.tying",
    "toeplitz": "toeplitz",
}
"""Public names by the module that holds them, imported when first read, as NumPy and SymPy are."""

_MODULES = {"crosscheck", "prove", "recheck", "replay", "report", "toeplitz"}
"""Public names that a module has as well."""

_ROOMS = {"torch"}
"""Modules that are imported when first read, and are nothing else."""

__all__ = [
    "AvgPool",
    "Budget",
    "Certificate",
    "Claim",
    "Conv",
    "ConvTranspose",
    "Expansion",
    "LatticeConv",
    "MaxPool",
    "Network",
    "Refuted",
    "SymconvError",
    "Undecided",
    "chain",
    "check",
    "check_models",
    "convert",
    "crosscheck",
    "destride",
    "draw",
    "evaluate",
    "prove",
    "prove_model",
    "read_claim",
    "recheck",
    "replay",
    "report",
    "tie_graph",
    "toeplitz",
    "torch",
]


class _Verb(ModuleType):
    """A module that is called like the verb which shares its name.

    ``import symconv.toeplitz as T`` binds what the package holds under that name, and so does
    ``symconv.toeplitz(layer, size)``: it has to be both.  A module's ``__class__`` may be assigned
    (Python's data model, "Customizing module attribute access"), so the module itself learns to be
    called; the other ways out rename a public module or lose one of the two spellings.
    """

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._verb(*args, **named)

    @property
    def _verb(self) -> Any:
        name = self.__name__.rpartition(".")[-1]
        return getattr(import_module(f"symconv.{_LATE[name]}"), name)

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        return signature(self._verb)

    def __reduce__(self) -> tuple[Any, ...]:
        # As a function is: other processes import it under its name.
        return import_module, (self.__name__,)


class _LateName:
    """A public name that is imported when first read; a verb that is a module's name too is both.

    Importing a submodule binds it on its package; here that is ignored, as the name knows already.
    """

    def __init__(self, name: str, module: str) -> None:
        self._name, self._module = name, f"symconv.{module}"

    def __get__(self, package: ModuleType | None, owner: type) -> Any:
        if self._name in _ROOMS:
            return import_module(self._module)
        if self._name in _MODULES:
            module = import_module(f"symconv.{self._name}")
            module.__class__ = _Verb
            return module
        return getattr(import_module(self._module), self._name)

    def __set__(self, package: ModuleType, value: object) -> None:
        pass


class _Package(ModuleType):
    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *__all__})


for _name, _module in _LATE.items():
    setattr(_Package, _name, _LateName(_name, _module))
for _name in _ROOMS:
    setattr(_Package, _name, _LateName(_name, _name))
sys.modules[__name__].__class__ = _Package
