"""Verbs that share their name with a module: called as a verb, imported as a module."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

import symconv

VERBS = ["crosscheck", "prove", "recheck", "replay", "report", "toeplitz"]


@pytest.mark.parametrize("name", VERBS)
def test_an_import_binds_the_module_and_a_call_is_the_verbs(name: str) -> None:
    code = (
        f"import symconv.{name} as module, types, symconv; from symconv import {name} as verb;"
        "print(isinstance(module, types.ModuleType), callable(verb), module is verb)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["True", "True", "True"]
    function = getattr(import_module(f"symconv.{symconv._LATE[name]}"), name)
    assert inspect.isfunction(function)
    assert inspect.signature(getattr(symconv, name)) == inspect.signature(function)


def test_every_name_that_is_both_is_known() -> None:
    both = {name for name in symconv._LATE if _is_module(name)}
    assert both == set(VERBS) == symconv._MODULES


def _is_module(name: str) -> bool:
    try:
        return isinstance(import_module(f"symconv.{name}"), ModuleType)
    except ModuleNotFoundError:
        return False


def test_toeplitz_is_both() -> None:
    import symconv.toeplitz as module

    layer = symconv.Conv(1, 1, 3, stride=2)
    called, taken = symconv.toeplitz(layer, (7,)), module.toeplitz(layer, (7,))
    assert called.as_matrix() == taken.as_matrix()


def test_a_verb_travels_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(symconv.prove)) is symconv.prove  # noqa: S301
