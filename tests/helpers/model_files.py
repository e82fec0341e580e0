"""Model files of other people, which lie beside the project, and are no part of it.

They are sought in the folder that ``SYMCONV_DATA`` names, or in ``../shared/data``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers.requirements import everything_required

PROJECT = Path(__file__).parents[2]


def data_folder() -> Path:
    """Where the files are."""
    return Path(os.environ.get("SYMCONV_DATA") or PROJECT.parent / "shared" / "data")


def model_file(name: str) -> str:
    """The path of one, such as ``models/light_resnet50.onnx``; without it the test skips."""
    path = data_folder() / name
    if not path.exists():
        if everything_required():
            pytest.fail(f"{path} is missing, and SYMCONV_REQUIRE_ALL=1 allows no gap")
        pytest.skip(f"{path} is missing; SYMCONV_DATA may name its folder")
    return str(path)
