"""Cases of which every run takes some, and ``make slow`` all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def some(names: Iterable[str], every: int = 2) -> list[Any]:
    """Parameters of which the first of so many is run always, and the others are slow."""
    return [
        pytest.param(name, marks=pytest.mark.slow if place % every else ())
        for place, name in enumerate(names)
    ]
