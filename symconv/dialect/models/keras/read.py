"""The layers of a Keras model and how they are called, from its JSON.

Keras 3 writes tensors as ``__keras_tensor__`` objects, Keras 2 as ``[layer, call, output]`` lists.
A model inside a model is read where it is called, its layers under its own name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from symconv.dialect.models.build import Builder, Image, Shape
from symconv.dialect.models.keras.node import KerasNode
from symconv.dialect.models.keras.rules import RULES, opaque
from symconv.errors import InputError, SymconvError, Unsupported
from symconv.layer.padding import is_int
from symconv.network.model import Model

MODELS = ("Functional", "Sequential", "Model")
MOST_LAYERS = 20_000
"""Layers of a model, those of models inside it counted; the deepest of Keras' own has 1,500."""

MOST_DEEP = 20
"""Models inside one another."""

_OWN_MODULES = ("keras.layers", "keras.src.layers", "keras.engine", "keras.src.engine")
_MODULES = (*_OWN_MODULES, "keras.models", "keras.src.models", "keras")

Key = tuple[str, int]
"""A call: the layer's name, and which of its calls."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a call reads: another call's output, with the shape that the file gives it, if any."""

    maker: Key
    output: int
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class Call:
    """A layer and what one call of it reads; ``extra`` is what it is given beside tensors."""

    layer: Mapping[str, Any]
    name: str
    place: int
    tensors: tuple[Tensor, ...]
    extra: str = ""


def read_keras(document: Any, where: str) -> Model:
    """Read a model's JSON.

    Raises:
        InputError: it is malformed, or its layers do not fit together.
        Unsupported: a layer without a rule has several outputs.
    """
    if not isinstance(document, Mapping) or document.get("class_name") not in MODELS:
        raise InputError(f"{where} is no Keras model: class_name must be {' or '.join(MODELS)}")
    config = _mapping(document.get("config"), "config")
    network = _Network(Builder(str(config.get("name") or where)))
    outputs = network.model(document, None, "", 0)
    return network.b.model([network.b.last(image).name for image in outputs])


class _Network:
    """Reads models into one graph."""

    def __init__(self, builder: Builder) -> None:
        self.b = builder
        self.layers = 0

    def model(
        self, document: Mapping[str, Any], images: Sequence[Image] | None, prefix: str, depth: int
    ) -> list[Image]:
        """Read a model on these inputs, or on inputs of its own; return its outputs."""
        if depth > MOST_DEEP:
            raise InputError(f"more than {MOST_DEEP} models stand inside one another")
        calls, ends, starts = _calls_of(document)
        self.layers += len(calls)
        if self.layers > MOST_LAYERS:
            raise InputError(f"the model has more than {MOST_LAYERS} layers")
        made: dict[Key, list[Image]] = {}
        if images is not None:
            if len(images) != len(starts):
                raise InputError(f"model {prefix!r} has {len(starts)} inputs, got {len(images)}")
            made = {key: [image] for key, image in zip(starts, images, strict=True)}
        for key in _ordered(calls):
            if key not in made:
                made[key] = self._made(calls[key], made, prefix, depth)
        return [_output(made, tensor) for tensor in ends]

    def _made(
        self, call: Call, made: Mapping[Key, list[Image]], prefix: str, depth: int
    ) -> list[Image]:
        images = [_output(made, tensor) for tensor in call.tensors]
        node = _node(call, prefix)
        try:
            if call.layer.get("class_name") in MODELS:
                return self.model(call.layer, images, f"{prefix}{call.name}/", depth + 1)
            return [self._layer(call, node, images)]
        except SymconvError as fault:
            raise fault.within(f"Keras layer {node.name!r} ({node.kind})") from None

    def _layer(self, call: Call, node: KerasNode, images: Sequence[Image]) -> Image:
        if node.kind == "InputLayer":
            return _input(self.b, node)
        rule = RULES.get(node.kind) if _is_own(call.layer) and not call.extra else None
        if rule is None or any(image.shape is None for image in images):
            return opaque(self.b, node, images, call.extra, None)
        if not images:
            raise InputError("it reads nothing")
        if len(images) > 1 and not _joins(node.kind):
            raise InputError(f"it reads {len(images)} tensors, and takes one")
        try:
            return rule(self.b, node, images)
        except Unsupported:  # an option without a rule
            return opaque(self.b, node, images, call.extra, None)


def _joins(kind: str) -> bool:
    return kind in ("Concatenate", "Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average")


def _is_own(layer: Mapping[str, Any]) -> bool:
    """Whether a layer is Keras' own, and not somebody's of the same name."""
    return not layer.get("registered_name") and layer.get("module", "keras") in _MODULES


def _node(call: Call, prefix: str) -> KerasNode:
    config = _mapping(call.layer.get("config"), f"config of {call.name!r}")
    name = f"{prefix}{call.name}"
    made = name if not call.place else f"{name}:{call.place}"
    return KerasNode(str(call.layer.get("class_name")), config, name, made)


def _input(b: Builder, node: KerasNode) -> Image:
    shape = node.config.get("batch_shape", node.config.get("batch_input_shape"))
    found = _shape(shape)
    if found is None:
        raise InputError(f"its batch_shape must be a list of sizes, got {shape!r}")
    dtype = node.config.get("dtype") or "float32"
    if not isinstance(dtype, str):
        policy = _mapping(_mapping(dtype, "dtype").get("config"), "dtype")
        dtype = str(policy.get("name", "float32"))
    return Image(b.port(node.name, dtype, found), found)


def _shape(value: Any) -> Shape | None:
    if not isinstance(value, list | tuple):
        return None
    if not all(n is None or (is_int(n) and n >= 0) for n in value):
        raise InputError(f"a shape must hold sizes or null, got {value!r}")
    return tuple(None if n is None else int(n) for n in value)


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{what} must be an object, got {value!r}")
    return value


def _output(made: Mapping[Key, list[Image]], tensor: Tensor) -> Image:
    """The tensor that a call reads; its shape must be the one that the file says."""
    images = made[tensor.maker]
    if tensor.output >= len(images):
        if len(images) == 1 and images[0].shape is None:
            raise Unsupported(f"layer {tensor.maker[0]!r} has several outputs, and no rule")
        raise InputError(f"layer {tensor.maker[0]!r} has no output {tensor.output}")
    image, stated = images[tensor.output], tensor.shape
    if image.shape is None:
        return replace(image, shape=stated)
    if stated is not None and not _agree(image.shape, stated):
        raise InputError(
            f"layer {tensor.maker[0]!r} makes the shape {list(image.shape)}, and the file says "
            f"{list(stated)}"
        )
    return image


def _agree(one: Shape, other: Shape) -> bool:
    same = len(one) == len(other)
    return same and all(a == b or None in (a, b) for a, b in zip(one, other, strict=True))


def _ordered(calls: Mapping[Key, Call]) -> list[Key]:
    """The calls, each after those that it reads."""
    reads = {key: [tensor.maker for tensor in call.tensors] for key, call in calls.items()}
    for key, makers in reads.items():
        if missing := [maker for maker in makers if maker not in calls]:
            raise InputError(f"layer {key[0]!r} reads {missing[0][0]!r}, which is not there")
    try:
        return list(TopologicalSorter(reads).static_order())
    except CycleError as fault:
        raise InputError(f"layers read one another in a circle: {fault.args[1]}") from None


def _calls_of(
    document: Mapping[str, Any],
) -> tuple[dict[Key, Call], list[Tensor], list[Key]]:
    """The calls of a model, its outputs, and the calls that are its inputs."""
    config = _mapping(document.get("config"), "config")
    layers = config.get("layers")
    if not isinstance(layers, list) or not layers:
        raise InputError("a model must hold a list of layers")
    for layer in layers:
        _mapping(layer, "a layer")
    if document.get("class_name") == "Sequential":
        return _in_sequence(document, config, layers)
    found = [call for layer in layers for call in _functional(layer)]
    calls = {(call.name, call.place): call for call in found}
    if len(calls) < len(found):
        raise InputError(f"two of {len(layers)} layers have one name")
    ends = [Tensor(key, output, None) for key, output in _triples(config.get("output_layers"))]
    starts = [key for key, _ in _triples(config.get("input_layers"))]
    if not ends or any(key not in calls for key in starts):
        raise InputError(f"the model has no outputs, or an input that is no layer: {starts}")
    if unknown := [end.maker for end in ends if end.maker not in calls]:
        raise InputError(f"the output {unknown[0][0]!r} is no layer")
    return calls, ends, starts


def _in_sequence(
    document: Mapping[str, Any], config: Mapping[str, Any], layers: list[Any]
) -> tuple[dict[Key, Call], list[Tensor], list[Key]]:
    """A chain of layers; an input stands before them where none is written."""
    if layers[0].get("class_name") != "InputLayer":
        layers = [_first_input(document, config, layers[0]), *layers]
    calls: dict[Key, Call] = {}
    last: Key | None = None
    for place, layer in enumerate(layers):
        name = _name_of(layer) or f"layer_{place}"
        if (name, 0) in calls:
            raise InputError(f"two layers have the name {name!r}")
        reads = () if last is None else (Tensor(last, 0, None),)
        last = (name, 0)
        calls[last] = Call(layer, name, 0, reads)
    first = next(iter(calls))
    return calls, [Tensor(last or first, 0, None)], [first]


def _first_input(
    document: Mapping[str, Any], config: Mapping[str, Any], layer: Mapping[str, Any]
) -> dict[str, Any]:
    built = document.get("build_config") or {}
    inner = layer.get("config") or {}
    inner = inner if isinstance(inner, Mapping) else {}
    own = built.get("input_shape") if isinstance(built, Mapping) else None
    shapes = (own, config.get("build_input_shape"), inner.get("batch_input_shape"))
    shape = next((shape for shape in shapes if shape), None)
    if shape is None:
        raise InputError("the input's shape is not in the file; build the model before it is saved")
    return {"class_name": "InputLayer", "config": {"name": "input", "batch_shape": shape}}


def _name_of(layer: Mapping[str, Any]) -> str:
    config = layer.get("config")
    inner = config.get("name") if isinstance(config, Mapping) else None
    return str(layer.get("name") or inner or "")


def _functional(layer: Mapping[str, Any]) -> Iterator[Call]:
    """The calls of a layer of a functional model; an input is made once."""
    name, nodes = _name_of(layer), layer.get("inbound_nodes") or []
    if not isinstance(nodes, list):
        raise InputError(f"inbound_nodes of {name!r} must be a list, got {nodes!r}")
    if not nodes:
        yield Call(layer, name, 0, ())
    for place, node in enumerate(nodes):
        tensors: list[Tensor] = []
        extra = _without_tensors(node, tensors, 0)
        yield Call(layer, name, place, tuple(tensors), _told(extra))


def _told(extra: Any) -> str:
    """What a call is given beside tensors, as a text; empty where it is nothing."""
    if isinstance(extra, Mapping):
        args, kwargs = extra.get("args", []), extra.get("kwargs", {})
    else:
        args, kwargs = extra, {}
    quiet = isinstance(kwargs, Mapping) and all(v is None or v is False for v in kwargs.values())
    if quiet and not _says_something(args):
        return ""
    return json.dumps(extra, sort_keys=True, default=str)


def _says_something(value: Any) -> bool:
    """Whether there is anything in nested lists but tensors."""
    if isinstance(value, list):
        return any(map(_says_something, value))
    return value not in ("tensor", None, {})


def _without_tensors(value: Any, found: list[Tensor], depth: int) -> Any:
    """A call's arguments with the word ``tensor`` for each tensor, which are collected in order."""
    if depth > MOST_DEEP:
        raise InputError("a call's arguments are nested too deeply")
    if (tensor := _tensor(value)) is not None:
        found.append(tensor)
        rest = value[3] if isinstance(value, list) and len(value) > 3 else {}
        return ["tensor", rest] if rest else "tensor"
    if isinstance(value, list):
        return [_without_tensors(entry, found, depth + 1) for entry in value]
    if isinstance(value, Mapping):
        return {key: _without_tensors(entry, found, depth + 1) for key, entry in value.items()}
    return value


def _tensor(value: Any) -> Tensor | None:
    """A tensor as Keras 3 writes it, or as Keras 2 does; None where it is something else."""
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        config = _mapping(value.get("config"), "a tensor's config")
        history: Any = config.get("keras_history")
        if not _is_triple(history):
            raise InputError(f"a tensor's keras_history must be a layer and places, got {history}")
        return Tensor((history[0], history[1]), history[2], _shape(config.get("shape")))
    if isinstance(value, list) and _is_triple(value[:3]):
        return Tensor((value[0], value[1]), value[2], None)
    return None


def _is_triple(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(is_int(n) and n >= 0 for n in value[1:])
    )


def _triples(value: Any) -> Iterator[tuple[Key, int]]:
    """Every ``[layer, call, output]`` in nested lists and objects."""
    if _is_triple(value):
        yield (value[0], value[1]), value[2]
    elif isinstance(value, list | Mapping):
        entries = value.values() if isinstance(value, Mapping) else value
        for entry in entries:
            yield from _triples(entry)
