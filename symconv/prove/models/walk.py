"""A model run on terms: one tensor of terms for each of its tensors.

Data flow: a `Bound` model -> node by node, what the operator does to terms -> the terms of every
tensor.  Moves move terms, functions of entries and poolings and convolutions are met by those
before them, and anything else is a function of its whole inputs: equal inputs, equal outputs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from symconv.errors import SymconvError, Unsupported
from symconv.machine.budget import running
from symconv.machine.progress import reached
from symconv.network.bound import Bound
from symconv.network.model import Array, Model, ModelNode
from symconv.prove.models.applied import Applier, made_as
from symconv.prove.models.moving import Moving, attributes_of
from symconv.prove.models.pointwise import NARY, UNARY
from symconv.prove.models.terms import ZERO, Ids, Tensor, Terms

Environment = dict[str, Tensor]


def is_number_like(array: Array) -> bool:
    """Whether what a file holds is numbers (sizes, masks, counts, scalars), not a free weight."""
    if array.size <= 1 or array.dtype.kind not in "fV":
        return True
    if array.dtype.kind == "V":  # bfloat16 and the like, which NumPy does not know as numbers
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        return True
    return bool((array == np.round(array)).all())


@dataclass
class Walk:
    """Runs models on the terms that all of them share.

    ``sources`` holds the terms of weights that were moved before they were written, ``assumed``
    tensors that are taken as others, and ``freed`` the digests of numbers taken as free weights.
    """

    terms: Terms = field(default_factory=Terms)
    sources: Mapping[str, Ids] = field(default_factory=dict)
    assumed: Mapping[str, Tensor] = field(default_factory=dict)
    freed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.applier, self.moving = Applier(self.terms), Moving(self.terms)
        self.depth = 0
        self.used: list[str] = []
        self.weights: set[str] = set()

    def run(self, bound: Bound, names: Mapping[str, str] | None = None) -> Environment:
        """The terms of every tensor of a model, whose inputs are the unknowns of these names.

        Raises:
            TooLarge: a tensor has more entries than the budget holds.
        """
        model = bound.model
        env: Environment = {}
        for port in model.inputs:
            shape = bound.shapes[port.name]
            name = port.name if names is None else names.get(port.name, f"alone: {port.name}")
            env[port.name] = self.terms.fresh(("input", name), shape)
        self._graph(model, bound, env)
        return env

    def _graph(self, model: Model, bound: Bound, env: Environment) -> None:
        self.weights |= set(model.constants)
        for name, array in model.constants.items():
            env[name] = self.weight(array)
        for place, node in enumerate(model.nodes):
            reached(f"comparing: {node.name or node.op}", place, len(model.nodes))
            running().check_time()
            try:
                found = self._node(node, bound, env)
            except SymconvError as fault:
                fault.within(f"node {node.name!r} ({node.op})")
                raise
            for name, tensor in zip(node.outputs, found, strict=False):
                if name:
                    env[name] = self._settled(node, name, self.terms.canonical(tensor), env)

    def _settled(self, node: ModelNode, name: str, tensor: Tensor, env: Environment) -> Tensor:
        """The tensor, or what it is taken as where it alone is not of the first model's terms.

        What its node reads has to be: a difference that came from further up is not taken away.
        """
        other = self.assumed.get(name)
        if other is None or self.terms.is_of_first(tensor):
            return tensor
        read = [env[n] for n in node.inputs if n and n not in self.weights]
        if not all(map(self.terms.is_of_first, read)):
            return tensor
        self.used.append(name)
        return other

    def weight(self, array: Array) -> Tensor:
        """What a file holds as numbers: numbers, or a free weight, which its content names."""
        if array.dtype == object:
            return self.terms.constant(array.astype(str))
        if is_number_like(array) and not self._is_freed(array):
            return self.terms.constant(array)
        key = content_key(array)
        start = frozenset([self.terms.start(key, array.shape)])
        return self.terms.tensor(
            key,
            array.shape,
            lambda: self._free(key, array),
            mixed=bool((array == 0).any()),
            origins=start,
        )

    def _is_freed(self, array: Array) -> bool:
        """Whether numbers are taken as a free weight, or as what one was moved to."""
        if not self.freed:  # large numbers are not hashed for nothing
            return False
        digest = content_key(array)[1]
        return digest in self.freed or digest in self.sources

    def _free(self, key: tuple[str, str], array: Array) -> Ids:
        """The unknowns of a weight; an entry 0 is 0 for all values of the others."""
        found = self.sources.get(key[1])
        ids = self.terms.block(key, array.shape) if found is None else found.reshape(array.shape)
        return np.where(array == 0, ZERO, ids)

    def _node(self, node: ModelNode, bound: Bound, env: Environment) -> Sequence[Tensor]:
        inputs = [env[name] if name else None for name in node.inputs]
        if (known := self._known(node, inputs, bound)) is not None:
            return known
        if node.op == "If":
            return self._if(node, bound, env)
        if node.bodies:
            return self._looped(node, inputs, bound, env)
        found = None if node.domain else self._ruled(node, inputs, bound)
        return self._opaque(node, inputs, bound, ()) if found is None else found

    def _ruled(
        self, node: ModelNode, inputs: Sequence[Tensor | None], bound: Bound
    ) -> Sequence[Tensor] | None:
        """What an operator with a rule does; None for one without."""
        present = [t for t in inputs if t is not None]
        if any(node.outputs[1:]) and node.op != "Split":
            return None
        if (moved := self.moving.moved(node, inputs, bound)) is not None:
            return moved
        if node.op == "Cast" and _is_same_type(node, bound):
            return present
        if node.op in UNARY | NARY and present:
            return [self.applier.pointwise(node, inputs, bound)]
        made = self.applier.window(node, inputs, bound)
        return None if made is None else [made]

    def _known(
        self, node: ModelNode, inputs: Sequence[Tensor | None], bound: Bound
    ) -> list[Tensor] | None:
        """Outputs that are numbers, because the inputs are, or because they are sizes."""
        if any(t is not None and not t.constant for t in inputs) and node.op not in (
            "Shape",
            "Size",
        ):
            return None
        if any(name and name not in bound.values for name in node.outputs):
            return None
        return [self.terms.constant(_plain(bound.values[n])) for n in node.outputs if n]

    def _if(self, node: ModelNode, bound: Bound, env: Environment) -> list[Tensor]:
        """Both branches are run; the result is a function of the condition and of both."""
        outputs = []
        for branch in ("then_branch", "else_branch"):
            inner = dict(env)
            self._graph(node.bodies[branch], bound, inner)
            outputs.append([inner[name] for name in node.bodies[branch].outputs])
        found = []
        for place, (then, other) in enumerate(zip(*outputs, strict=True)):
            operands = [env[node.inputs[0]], then, other]
            if then.shape == other.shape and env[node.inputs[0]].shape in ((), (1,)):
                found.append(self.applier.select(operands, made_as(node, bound)))
            else:
                found.append(self._whole(("If", place, made_as(node, bound)), operands, then.shape))
        return found

    def _looped(
        self, node: ModelNode, inputs: Sequence[Tensor | None], bound: Bound, env: Environment
    ) -> list[Tensor]:
        """A loop: a function of its whole inputs and of its bodies.

        A body is a function too: it is run on unknowns, the same ones in every loop as deep, and is
        what its outputs are.  One that cannot be run is what its text says.
        """
        bodies = sorted(node.bodies.items())
        try:
            outputs = [t for key, one in bodies for t in self._body(node, key, one, bound, env)]
        except Unsupported:
            texts = tuple((key, _text(body, env, {})) for key, body in bodies)
            return self._opaque(node, inputs, bound, texts)
        faces = tuple((key, len(one.inputs), len(one.outputs)) for key, one in bodies)
        return self._opaque(node, inputs, bound, faces, outputs)

    def _body(
        self, node: ModelNode, key: str, body: Model, bound: Bound, env: Environment
    ) -> list[Tensor]:
        inner = dict(env)
        for place, port in enumerate(body.inputs):
            shape = bound.shapes.get(port.name)
            if shape is not None:
                face = (self.depth, node.op, key, place, port.dtype, shape)
                inner[port.name] = self.terms.fresh(("body", *face), shape)
            elif port in body.ports_read:
                raise Unsupported(f"the shape of {port.name!r} is not known before it is run")
        self.depth += 1
        try:
            self._graph(body, bound, inner)
        finally:
            self.depth -= 1
        return [inner[name] for name in body.outputs]

    def _opaque(
        self,
        node: ModelNode,
        inputs: Sequence[Tensor | None],
        bound: Bound,
        bodies: tuple[Hashable, ...],
        functions: Sequence[Tensor] = (),
    ) -> list[Tensor]:
        """An operator without a rule: a function of its whole inputs, and of functions."""
        present = [*(t for t in inputs if t is not None), *functions]
        given = tuple(t is not None for t in inputs)
        read = tuple(bound.dtypes.get(n, "?") for n in node.inputs if n)
        face = (node.domain, node.op, len(node.outputs), read)
        name: tuple[Hashable, ...] = (*face, attributes_of(node), bodies, given)
        found = []
        for place, output in enumerate(node.outputs):
            if not output:
                continue
            if output not in bound.shapes:
                raise Unsupported(f"the shape of {output!r} is not known before the model is run")
            kind = bound.dtypes.get(output, "?")
            found.append(self._whole((*name, place, kind), present, bound.shapes[output]))
        return found

    def _whole(
        self, name: tuple[Hashable, ...], inputs: Sequence[Tensor], shape: tuple[int, ...]
    ) -> Tensor:
        return self.applier.whole(name, inputs, shape)


def content_key(array: Array) -> tuple[str, str]:
    """The name of a free weight: a digest of its type, shape and entries."""
    text = f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()
    return "weight", hashlib.sha256(text).hexdigest()


def _is_same_type(node: ModelNode, bound: Bound) -> bool:
    before, after = (bound.dtypes.get(name) for name in (node.inputs[0], node.outputs[0]))
    return before is not None and before == after


def _plain(array: Array) -> Array:
    return array.astype(str) if array.dtype == object else array


def _text(
    body: Model, env: Environment, around: Mapping[str, Hashable], depth: int = 0
) -> Hashable:
    """A body as a value: its nodes with its own tensors by number, others by what they are.

    ``around`` says what the tensors of the bodies around it are, each of its own depth.
    """
    names = {**around, "": ""}
    names |= {port.name: (depth, "in", n) for n, port in enumerate(body.inputs)}
    names |= {name: content_key(a) for name, a in body.constants.items()}

    def said(name: str) -> Hashable:
        return names[name] if name in names else ("outer", env[name].number)

    lines = []
    for place, node in enumerate(body.nodes):
        bodies = tuple(
            (key, _text(one, env, names, depth + 1)) for key, one in sorted(node.bodies.items())
        )
        lines.append(
            (node.domain, node.op, tuple(map(said, node.inputs)), attributes_of(node), bodies)
        )
        names |= {name: (depth, place, n) for n, name in enumerate(node.outputs) if name}
    return tuple(lines), tuple(map(said, body.outputs))
