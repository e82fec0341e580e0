"""Models made by hand: graphs of ONNX's operators, written node by node, or drawn at random."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symconv.network.model import Array, Model, ModelNode, Port
from symconv.network.reading import read_model
from symconv.network.rules import Shape


@dataclass
class Builder:
    """A model that grows node by node; each call gives the name of the tensor that it makes."""

    inputs: list[Port] = field(default_factory=list)
    nodes: list[ModelNode] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def input(self, name: str, *shape: Any) -> str:
        self.inputs.append(Port(name, shape=shape))
        return name

    def constant(self, name: str, value: Any) -> str:
        self.constants[name] = np.asarray(value)
        return name

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        name = f"{op.lower()}{len(self.nodes)}"
        made = tuple(f"{name}:{n}" if outputs > 1 else name for n in range(outputs))
        self.nodes.append(ModelNode(name, op, inputs, made, attributes))
        return made if outputs > 1 else made[0]

    def conv(self, x: str, channels: int, out: int, kernel: Any, **attributes: Any) -> str:
        groups = attributes.get("group", 1)
        shape = (out, channels // groups, *kernel)
        return str(self.node("Conv", x, self.weight(shape), **attributes))

    def weight(self, shape: tuple[int, ...]) -> str:
        values = np.random.default_rng(len(self.constants)).integers(-3, 4, shape)
        return self.constant(f"w{len(self.constants)}", values.astype(float))

    def model(self, *outputs: str, name: str = "graph") -> Model:
        return Model(name, tuple(self.inputs), outputs, tuple(self.nodes), self.constants)


CHANNELS = 2


@dataclass
class Drawn:
    """A random graph on images of two channels: branches, joins, gates, dead ends."""

    rng: random.Random
    size: tuple[Any, Any]
    made: Builder = field(default_factory=Builder)
    tensors: list[str] = field(default_factory=list)

    def model(self, depth: int) -> Model:
        self.tensors.append(self.made.input("x", 1, CHANNELS, *self.size))
        while len(self.tensors) <= depth:
            step = self.rng.choice(self.STEPS)
            step(self, self.rng.choice(self.tensors[-4:]))
        ends = {self.tensors[-1], self.rng.choice(self.tensors[1:])}
        return self.made.model(*sorted(ends))

    def grow(self, tensor: str) -> None:
        """Keep a tensor that makes sense and holds two channels, each of a few positions."""
        shape = self.shape(tensor)
        if shape is not None and all(not isinstance(n, int) or n > 0 for n in shape):
            self.tensors.append(tensor)
        else:
            self.made.nodes.pop()

    def shape(self, tensor: str) -> Shape | None:
        return read_model(self.made.model(tensor)).shapes[tensor]

    def pads(self, most: int) -> list[int]:
        return [self.rng.randint(0, most) for _ in range(4)]

    def conv(self, x: str) -> None:
        kernel = [self.rng.randint(1, 4) for _ in range(2)]
        self.grow(
            self.made.conv(
                x,
                CHANNELS,
                CHANNELS,
                kernel,
                strides=[self.rng.choice([1, 2, 2, 3]), self.rng.choice([1, 2])],
                pads=self.pads(2),
                dilations=[self.rng.choice([1, 1, 2]), 1],
                group=self.rng.choice([1, 2]),
            )
        )

    def same_conv(self, x: str) -> None:
        word = self.rng.choice(["SAME_UPPER", "SAME_LOWER"])
        stride = self.rng.choice([1, 2])
        kernel = [self.rng.randint(2, 3)] * 2
        attributes: dict[str, Any] = {"auto_pad": word, "strides": [stride] * 2}
        self.grow(self.made.conv(x, CHANNELS, CHANNELS, kernel, **attributes))

    def block(self, x: str) -> None:
        """A residual block: a convolution that keeps the size, and the sum with what it read."""
        kernel = self.rng.choice([1, 3, 5])
        pads = [kernel // 2] * 4
        y = self.made.conv(x, CHANNELS, CHANNELS, [kernel] * 2, pads=pads)
        z = self.made.node("Relu", y)
        self.tensors.append(self.made.node(self.rng.choice(["Add", "Mul", "Max"]), x, z))

    def projection(self, x: str) -> None:
        """Two strided paths that meet."""
        stride = self.rng.choice([2, 3])
        shared = self.made.weight((CHANNELS, CHANNELS, 1, 1))
        a = self.made.node("Conv", x, shared, strides=[stride] * 2)
        if (shape := self.shape(a)) is None or 0 in shape:
            self.made.nodes.pop()
            return
        pads = [1, 1, 1, 1]
        b = self.made.conv(x, CHANNELS, CHANNELS, [3, 3], strides=[stride] * 2, pads=pads)
        self.tensors.append(self.made.node("Add", a, b))

    def pool(self, x: str) -> None:
        op = self.rng.choice(["MaxPool", "AveragePool"])
        kernel = self.rng.randint(2, 3)
        pads = self.pads(1)
        extra = {"count_include_pad": self.rng.randint(0, 1)} if op == "AveragePool" else {}
        strides = [self.rng.choice([1, 2]), 2]
        self.grow(
            self.made.node(op, x, kernel_shape=[kernel] * 2, pads=pads, strides=strides, **extra)
        )

    def up(self, x: str) -> None:
        if self.rng.random() < 0.5:
            scales = self.made.constant(f"s{len(self.made.nodes)}", np.array([1, 1, 2, 2.0]))
            words: dict[str, Any] = {
                "mode": "nearest",
                "coordinate_transformation_mode": "asymmetric",
            }
            self.grow(self.made.node("Resize", x, "", scales, nearest_mode="floor", **words))
        else:
            weight = self.made.weight((CHANNELS, CHANNELS, 2, 2))
            self.grow(self.made.node("ConvTranspose", x, weight, strides=[2, 2]))

    def pad(self, x: str) -> None:
        mode = self.rng.choice(["constant", "edge", "reflect"])
        pads = self.made.constant(f"p{len(self.made.nodes)}", [0, 0, 1, 0, 0, 0, 0, 1])
        self.grow(self.made.node("Pad", x, pads, mode=mode))

    def cut(self, x: str) -> None:
        number = len(self.made.nodes)
        starts = self.made.constant(f"a{number}", [self.rng.randint(0, 1)])
        ends = self.made.constant(f"e{number}", [self.rng.choice([-1, 2**31])])
        axes = self.made.constant(f"n{number}", [self.rng.choice([2, 3])])
        steps = self.made.constant(f"t{number}", [self.rng.choice([1, 2])])
        self.grow(self.made.node("Slice", x, starts, ends, axes, steps))

    def function(self, x: str) -> None:
        self.grow(self.made.node(self.rng.choice(["Relu", "Neg", "Abs"]), x))

    def gate(self, x: str) -> None:
        """Squeeze and excite: a factor for each channel, from all positions."""
        y = self.made.node(self.rng.choice(["GlobalAveragePool", "GlobalMaxPool"]), x)
        y = self.made.conv(y, CHANNELS, CHANNELS, [1, 1])
        self.tensors.append(self.made.node("Mul", x, self.made.node("Relu", y)))

    def normal(self, x: str) -> None:
        ones = self.made.constant(f"o{len(self.made.nodes)}", np.ones(CHANNELS))
        self.grow(self.made.node("InstanceNormalization", x, ones, ones, epsilon=1e-3))

    def depth(self, x: str) -> None:
        four = self.made.conv(x, CHANNELS, 4 * CHANNELS, [1, 1])
        mode = self.rng.choice(["DCR", "CRD"])
        self.grow(self.made.node("DepthToSpace", four, blocksize=2, mode=mode))

    def join(self, x: str) -> None:
        """Another tensor of the same size, beside it; and back to two channels."""
        shape = self.shape(x)
        others = [t for t in self.tensors if t != x and self.shape(t) == shape]
        if others:
            y = self.made.node("Concat", x, self.rng.choice(others), axis=1)
            self.tensors.append(self.made.conv(y, 2 * CHANNELS, CHANNELS, [1, 1]))

    STEPS = (
        [conv] * 4
        + [same_conv, block, block, projection, pool, pool, up, up, pad, cut]
        + [function, gate, normal, depth, join, join]
    )


def random_model(seed: int, *size: Any) -> Model:
    """A random graph that reads an image of this size, in numbers or in names."""
    rng = random.Random(seed)
    return Drawn(rng, (size[0], size[1])).model(rng.randint(3, 10))
