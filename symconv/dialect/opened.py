"""Model files: found by their names, read as graphs, and bound to sizes in numbers or in names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symconv.dialect.models.registry import read_model_file
from symconv.dialect.naming import is_free, named_sizes
from symconv.errors import InputError
from symconv.network.bound import Sizes
from symconv.network.model import Array, Model, Port, captured
from symconv.network.reading import ReadModel, read_model

SIZE = "--size INPUT=1,3,224,224"


@dataclass(frozen=True)
class Opened:
    """A model at sizes, the rules of its nodes, and the digest of the file that it comes from."""

    read: ReadModel
    sha256: str | None


def open_model(path: str | Path, sizes: Sizes | None = None, *, all_sizes: bool = False) -> Opened:
    """Read a model file at these sizes of its inputs; a name among them stands for all sizes.

    Args:
        path: the file.
        sizes: dimensions of inputs by their names; where nothing is given the file's own, in names
            where it leaves one open.
        all_sizes: whether the spatial sizes of every input are named.

    Raises:
        InputError: the file is not one, or a size does not fit it.
        MissingTool: the library that reads such files is not installed.
    """
    found = Path(path)
    model = read_model_file(found)
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    given = {**(sizes or {})}
    if all_sizes:
        given = {**_every(model), **given}
    elif not given:
        given = {**_free(model)}
    if any(isinstance(size, str) for dimensions in given.values() for size in dimensions):
        return Opened(_at_names(model, given), digest)
    return Opened(_at_numbers(model, given), digest)


def open_module(module: Any, size: Any) -> Opened:
    """Read a ``torch.nn.Module`` as it is exported for inputs of a size.

    Args:
        module: the module.
        size: the size in space of what it reads, or the whole shapes of its inputs.

    Raises:
        InputError: the size is missing, is not in numbers, or does not fit the module.
        Unsupported: PyTorch cannot export it, or it holds what is not read.
    """
    from symconv.dialect.models.pt2.module import input_shapes, read_torch_module

    model = read_torch_module(module, input_shapes(module, size))
    return Opened(_at_numbers(model, {}), None)


def _at_numbers(model: Model, given: Sizes) -> ReadModel:
    """The model where dimensions of its inputs are these numbers, or the file's own."""
    from symconv.dialect.onnx.bind import bind

    bound = bind(model, given)
    return read_model(bound.model, bound.shapes, bound.values)


def _free(model: Model) -> Sizes:
    """The sizes in the names of the file, where it leaves any open."""
    return named_sizes(model, every=False) if is_free(model) else {}


def _every(model: Model) -> Sizes:
    """The dimensions of every image or signal, its sizes in space by name."""
    if found := named_sizes(model, every=True):
        return found
    raise InputError(
        f"model {model.name!r} has no input whose sizes could be named; give its shapes: {SIZE}"
    )


def _at_names(model: Model, sizes: Sizes) -> ReadModel:
    """The model where dimensions of its inputs have these numbers and names."""
    _refuse_unknown(model, sizes)
    ports = tuple(_at(port, sizes.get(port.name)) for port in model.inputs)
    shapes, values = _constants(model)
    return read_model(replace(model, inputs=ports), shapes, values)


def _refuse_unknown(model: Model, sizes: Sizes) -> None:
    known = [port.name for port in model.inputs]
    if other := [name for name in sizes if name not in known]:
        raise InputError(
            f"{model.name!r} has no input {other[0]!r}; its inputs are {', '.join(known)}"
        )


def _at(port: Port, given: Sequence[int | str] | None) -> Port:
    if given is None:
        return port
    if port.shape is not None and len(port.shape) != len(given):
        raise InputError(
            f"input {port.name!r} has {len(port.shape)} dimensions, got "
            f"{','.join(map(str, given))}; write {SIZE}"
        )
    for size in given:
        if not (size.isidentifier() if isinstance(size, str) else size >= 1):
            raise InputError(
                f"a dimension of input {port.name!r} must be a positive integer or a name, "
                f"got {size!r}"
            )
    return replace(port, shape=tuple(given))


def _constants(model: Model) -> tuple[dict[str, tuple[int, ...]], dict[str, Array]]:
    """Shapes and values of what a model computes without its inputs, at whatever sizes."""
    from symconv.dialect.onnx.bind import bind

    fed = {port.name for port in model.inputs}
    kept = []
    for node in model.nodes:
        if any(name in fed for name in (*node.inputs, *captured(node))):
            fed.update(node.outputs)
        else:
            kept.append(node)
    bound = bind(replace(model, inputs=(), outputs=(), nodes=tuple(kept)))
    return dict(bound.shapes), dict(bound.values)


def read_sizes(texts: Sequence[str]) -> Mapping[str, tuple[int | str, ...]]:
    """Read what ``--size`` gives: ``INPUT=1,3,224,224``, an entry a number or a name.

    Raises:
        InputError: a text is no such thing, or an input is named twice.

    >>> read_sizes(["x=1,3,H,224"])
    {'x': (1, 3, 'H', 224)}
    """
    found: dict[str, tuple[int | str, ...]] = {}
    for text in texts:
        name, equals, listed = text.rpartition("=")
        words = [word.strip() for word in listed.split(",")]
        if not equals or not name or not all(_is_entry(word) for word in words):
            raise InputError(f"a model's input sizes are written {SIZE}, got --size {text}")
        if name in found:
            raise InputError(f"--size gives the input {name!r} twice")
        found[name] = tuple(int(word) if word.isdecimal() else word for word in words)
    return found


MOST_DIGITS = 9
"""Digits of a dimension: a tensor of more entries is none."""


def _is_entry(word: str) -> bool:
    if word.isdecimal() and word.isascii():
        return len(word) <= MOST_DIGITS and int(word) > 0
    return word.isidentifier()
