"""Other people's files, which stay out of the project: ``../shared/data``, or ``SYMCONV_DATA``."""

from __future__ import annotations

import os
from pathlib import Path

from tests.helpers.requirements import require_file

PROJECT = Path(__file__).parents[2]


def data_folder() -> Path:
    """Where these files are, if they are there."""
    return Path(os.environ.get("SYMCONV_DATA") or PROJECT.parent / "shared" / "data")


def shared_data(name: str) -> Path:
    """The path of one of them; where it is missing, the test (or its file) skips."""
    return require_file(data_folder() / name)
