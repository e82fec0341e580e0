"""What files of a folder hold under one name: engines, dialects and formats are found so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any


def held(package: str, folder: Path, pattern: str, name: str) -> Iterator[Any]:
    """Import the files of a package's folder that match, and yield what they hold of this name.

    They come in the order of their paths; a file whose text does not define the name is not loaded.
    """
    defines = re.compile(rf"^{name}\b", re.MULTILINE)
    for path in sorted(folder.glob(pattern)):
        if not defines.search(path.read_text(encoding="utf-8")):
            continue
        parts = path.relative_to(folder).with_suffix("").parts
        yield getattr(import_module(".".join((package, *parts))), name)
