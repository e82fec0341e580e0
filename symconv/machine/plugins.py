"""What files of a folder hold under one name: engines, dialects and formats are found so."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any


def held(package: str, folder: Path, pattern: str, name: str) -> Iterator[Any]:
    """Import the files of a package's folder that match, and yield what they hold of this name.

    They come in the order of their paths; a file that holds nothing of the name is passed over.
    """
    for path in sorted(folder.glob(pattern)):
        parts = path.relative_to(folder).with_suffix("").parts
        module = import_module(".".join((package, *parts)))
        if hasattr(module, name):
            yield getattr(module, name)
