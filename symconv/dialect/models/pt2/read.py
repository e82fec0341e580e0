"""An exported program as a model: its inputs, its weights, and its calls in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from symconv.dialect.models.build import strides_told
from symconv.dialect.models.pt2 import shapes, values, windows
from symconv.dialect.models.pt2.calls import Aten, Graph, Ref, dimension_of, read_call
from symconv.dialect.models.pt2.values import Rule
from symconv.errors import InputError, SymconvError, Unsupported
from symconv.network.model import Array, Model

WINDOWS: dict[str, Rule] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), windows.convolution),
    **{f"conv_transpose{rank}d": windows.convolution for rank in (1, 2, 3)},
    **{f"max_pool{rank}d": windows.max_pool for rank in (1, 2, 3)},
    **{f"max_pool{rank}d_with_indices": windows.max_pool for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": windows.avg_pool for rank in (1, 2, 3)},
    **{f"adaptive_avg_pool{rank}d": windows.adaptive_avg_pool for rank in (1, 2, 3)},
    **{f"_adaptive_avg_pool{rank}d": windows.adaptive_avg_pool for rank in (2, 3)},
    **dict.fromkeys(("pad", "constant_pad_nd"), windows.pad),
    **{f"reflection_pad{rank}d": windows.pad for rank in (1, 2, 3)},
    **{f"replication_pad{rank}d": windows.pad for rank in (1, 2, 3)},
    **{f"upsample_nearest{rank}d": windows.upsample for rank in (1, 2, 3)},
    **{f"upsample_{name}": windows.upsample for name in ("linear1d", "bilinear2d", "trilinear3d")},
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), windows.shuffle),
}
RULES: dict[str, Rule] = {**WINDOWS, **values.RULES, **shapes.RULES}

RANDOM = ("rand", "bernoulli", "multinomial", "normal", "poisson", "native_dropout", "rrelu")
"""How operators begin of which no two runs are equal."""

GUARDS = ("torch.ops.aten._assert_", "torch.ops.aten.sym_constrain_range")
"""How calls begin that make nothing: they stop a run whose sizes or types are others."""

WEIGHTS = {
    "parameter": "parameter_name",
    "buffer": "buffer_name",
    "tensor_constant": "tensor_constant_name",
}
"""Kinds of inputs that the file holds, and where their names stand."""

MOST_NODES = 100_000
"""Calls of a program: fifty times those of the deepest that is known."""


def read_program(document: Any, weights: Mapping[str, Array], name: str) -> Model:
    """Read a program's JSON with its weights.

    Raises:
        InputError: it is malformed.
        Unsupported: it is random, changes its buffers, or holds what is not read.
    """
    module = _object(_object(document, "the program").get("graph_module"), "graph_module")
    graph = _object(module.get("graph"), "graph")
    signature = _object(module.get("signature"), "signature")
    g = Graph(name, _object(graph.get("tensor_values"), "tensor_values"))
    for spec in _list(signature.get("input_specs"), "input_specs"):
        _input(g, spec, weights)
    nodes = _list(graph.get("nodes"), "nodes")
    if len(nodes) > MOST_NODES:
        raise InputError(f"the program makes {len(nodes)} calls, at most {MOST_NODES}")
    for node in nodes:
        _call(g, node)
    specs = _list(signature.get("output_specs"), "output_specs")
    return g.b.model([made for spec in specs for made in _output(g, spec)])


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{what} must be an object, got {value!r}")
    return value


def _only(value: Any, what: str) -> tuple[str, Any]:
    """The one key of an object, and its value."""
    found = list(_object(value, what).items())
    if len(found) != 1:
        raise InputError(f"{what} must hold one kind, got {value!r}")
    return found[0]


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{what} must be a list, got {value!r}")
    return value


def _input(g: Graph, spec: Any, weights: Mapping[str, Array]) -> None:
    kind, inner = _only(spec, "an input")
    inner = _object(inner, f"input of kind {kind!r}")
    arg = _object(inner.get("arg"), "an input's arg")
    if kind in WEIGHTS:
        name, held = arg.get("name"), inner.get(WEIGHTS[kind])
        if not isinstance(name, str) or not isinstance(held, str) or held not in weights:
            raise InputError(f"weight {held!r} is not in the file")
        g.bind(name, g.b.constant(held, weights[held]))
        return
    if kind == "user_input" and "as_tensor" in arg:
        _port(g, _object(arg["as_tensor"], "a tensor").get("name"))
    elif kind != "user_input" or not set(arg) & {"as_none", "as_int", "as_bool", "as_float"}:
        raise Unsupported(f"an input of kind {kind!r}, {dict(arg)!r}, is not read")


def _port(g: Graph, name: Any) -> None:
    if not isinstance(name, str):
        raise InputError(f"an input's name must be a text, got {name!r}")
    rank = len(g.shape(name))
    sizes = g.metas[name]["sizes"]
    dimensions = [dimension_of(sizes[place]) for place in range(rank)]
    g.bind(name, g.b.port(name, str(g.dtype(name)), dimensions))


def _output(g: Graph, spec: Any) -> Iterator[str]:
    kind, inner = _only(spec, "an output")
    arg = _object(_object(inner, "an output").get("arg"), "an output's arg")
    if kind != "user_output":
        raise Unsupported(f"the program has an output of kind {kind!r}; call module.eval() first")
    if "as_none" in arg:
        return
    if "as_tensor" not in arg:
        raise Unsupported(f"an output that is no tensor is not read: {dict(arg)!r}")
    yield g.read(str(_object(arg["as_tensor"], "a tensor").get("name")))


def _call(g: Graph, node: Any) -> None:
    if isinstance(node, Mapping) and str(node.get("target")).startswith(GUARDS):
        return
    call = read_call(node)
    try:
        _refuse_chance(call)
        _apply(g, call)
    except SymconvError as fault:
        raise fault.within(f"node {call.made!r} ({call.op})") from None


def _refuse_chance(call: Aten) -> None:
    """Refuse what is random, dropout in training for one."""
    trains = "dropout" in call.op and call.switch("train")
    if trains or call.op.lstrip("_").startswith(RANDOM):
        raise Unsupported(
            "no two runs of it are equal, and nothing can be proved of it; call module.eval()"
        )


def _apply(g: Graph, call: Aten) -> None:
    """Bind a call's outputs; a name that ends in a dash works in place."""
    in_place = call.op.endswith("_") and not call.op.startswith("_")
    plain = replace(call, op=call.op[:-1]) if in_place else call
    made = _by_rule(g, plain)
    if made is None:
        made = _opaque(g, call)
    elif len(call.outputs) > 1 and call.outputs[1] not in g.now:
        g.unmade(call.outputs[1:])
    g.bind(call.made, made)
    if in_place:
        changed = call.tensor("self" if "self" in call.given else "input")
        g.change(changed, made)
        g.looks_at(call.made, changed)
    elif plain.op in shapes.VIEWS:
        for output in call.outputs:
            g.looks_at(output, call.tensor("self" if "self" in call.given else "input"))


def _by_rule(g: Graph, call: Aten) -> str | None:
    """What a call's rule makes; None where it has none, or none for what it is given."""
    rule = RULES.get(call.op)
    if rule is None or (call.op in values.REAL and not _reads_reals(g, call)):
        return None
    try:
        return rule(g, call)
    except Unsupported:
        return None


def _reads_reals(g: Graph, call: Aten) -> bool:
    """Whether its first tensor holds real numbers: of integers torch makes other types."""
    refs = [value for value in call.given.values() if isinstance(value, Ref)]
    return bool(refs) and g.dtype(refs[0].name).kind == "f"


def _opaque(g: Graph, call: Aten) -> str:
    """A call without a rule: some function of its tensors, told apart by all else it is given."""
    inputs: list[str] = []
    told = {key: _told(g, value, inputs) for key, value in call.given.items()}
    strides = call.given.get("stride") or call.given.get("kernel_size")
    attributes: dict[str, Any] = {"overload": call.overload, "given": json.dumps(told, default=str)}
    attributes |= strides_told(strides)
    made = g.b.nodes_of(call.op, inputs, call.outputs, attributes, "aten")
    for name, tensor in zip(call.outputs[1:], made[1:], strict=True):
        g.bind(name, tensor)
    return made[0]


def _told(g: Graph, value: Any, inputs: list[str]) -> Any:
    """A value as a text has it, with a tensor's place for the tensor."""
    if isinstance(value, Ref):
        inputs.append(g.read(value.name))
        return {"tensor": len(inputs) - 1}
    if isinstance(value, list):
        return [_told(g, entry, inputs) for entry in value]
    return value
