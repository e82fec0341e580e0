"""What a test needs beyond the core: a library or a program, or else it skips with a reason.

With ``SYMCONV_REQUIRE_ALL=1`` nothing may be missing: a skip is a failure.
"""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest


def everything_required() -> bool:
    """Whether this run must not skip anything."""
    return os.environ.get("SYMCONV_REQUIRE_ALL") == "1"


def require(module: str) -> ModuleType:
    """The module of this name; where it is not installed, the test (or its file) skips."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as fault:
        if fault.name is None or not f"{module}.".startswith(f"{fault.name}."):
            raise
        _miss(f"the Python package {module} is not installed")


def require_tool(program: str) -> str:
    """Path of a program; where it is not installed, the test (or its file) skips."""
    path = shutil.which(program)
    return path or _miss(f"the program {program} is not installed")


def require_file(path: Path) -> Path:
    """The path of a file; where there is none, the test (or its file) skips."""
    return path if path.is_file() else _miss(f"there is no file {path}")


def _miss(reason: str) -> NoReturn:
    if everything_required():
        pytest.fail(f"{reason}, and SYMCONV_REQUIRE_ALL=1 allows no gap", pytrace=False)
    pytest.skip(reason, allow_module_level=True)
