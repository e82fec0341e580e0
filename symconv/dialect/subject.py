"""What the verbs take, read: an expansion or a network, with the name that it came with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from symconv.expand import Expansion
from symconv.expand.lattice import LatticeExpansion
from symconv.layer.base import Sizes
from symconv.network import Network

Resolved = Expansion | Network | LatticeExpansion


@dataclass(frozen=True, slots=True)
class Subject:
    """A layer with its expansion, or a network; and the name that it came with, if any."""

    of: Resolved
    name: str | None = None


class Dialect(Protocol):
    """One way to say a layer or a network in Python."""

    noun: str
    """What it takes, in words: ``"a torch.nn module"``."""

    def takes(self, given: object) -> bool:
        """Whether a value is one of its."""

    def read(self, given: Any, input_size: Sizes | None) -> Subject:
        """Read a value, at an input size where it has none of its own.

        Raises:
            InputError: it does not make sense, or its size is another.
        """
