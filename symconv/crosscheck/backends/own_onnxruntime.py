"""onnxruntime: one model of one node an operator; everything between the operators is NumPy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symconv.crosscheck.arrays import Array
from symconv.crosscheck.backends.base import Geometry, backend
from symconv.crosscheck.backends.own_numpy import NumpyBackend
from symconv.crosscheck.models import run_model, runtime
from symconv.errors import MissingTool

OPSET, IR_VERSION = 19, 9
"""Of the operators used here the latest form that every onnxruntime from 1.16 on runs."""


@backend("onnxruntime")
class OnnxRuntimeBackend(NumpyBackend):
    """ONNX's own Conv, ConvTranspose, MaxPool, AveragePool and ConvInteger; pads may differ."""

    name = "onnxruntime"
    dtypes = ("float32", "int8")
    has_layers = True
    integers_by = "ConvInteger"

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device)
        self._runtime = runtime()
        try:
            import onnx
        except ImportError as fault:
            raise MissingTool(
                "the onnxruntime backend writes its models with onnx; install symconv[onnx]"
            ) from fault
        self._onnx = onnx

    def conv(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        return self._run("Conv", [x[None], w, *_given(bias)], g, group=g.groups)

    def conv_transpose(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        extra = list(g.extra or (0,) * g.rank)
        if any(more >= s for more, s in zip(extra, g.stride, strict=True)):
            return None  # ONNX has none as wide as a stride; it is cropped to size in a step apart
        tensors = [x[None], w, *_given(bias)]
        return self._run("ConvTranspose", tensors, g, group=g.groups, output_padding=extra)

    def max_pool(self, x: Array, g: Geometry) -> Array | None:
        return self._run("MaxPool", [x[None]], g) if _is_plain(g) else None

    def avg_pool(self, x: Array, g: Geometry) -> Array | None:
        counted = int(g.counts_pads)
        if not _is_plain(g):
            return None
        return self._run("AveragePool", [x[None]], g, count_include_pad=counted)

    def conv_integer(
        self, x: Array, w: Array, points: tuple[int, int], g: Geometry
    ) -> Array | None:
        """ONNX's own, of int8 and zero points of int8; it pads with the zero point."""
        bytes_ = [x[None].astype(np.int8), w.astype(np.int8)]
        tensors = [*bytes_, *(np.array(point, np.int8) for point in points)]
        return self._run("ConvInteger", tensors, g, group=g.groups)

    def _run(self, op: str, tensors: list[Array], g: Geometry, **more: Any) -> Array | None:
        if any(end < 0 for pair in g.pads for end in pair):
            return None
        pads = [lo for lo, _ in g.pads] + [hi for _, hi in g.pads]
        told: dict[str, Any] = {"kernel_shape": g.kernel, "strides": g.stride, "pads": pads, **more}
        if op != "AveragePool" or g.is_dilated:
            told["dilations"] = g.dilation
        names = [f"input{number}" for number in range(len(tensors))]
        feeds = {n: np.ascontiguousarray(t) for n, t in zip(names, tensors, strict=True)}
        return run_model(self._model(op, feeds, told), feeds)["output"][0]

    def _model(self, op: str, feeds: dict[str, Array], told: dict[str, Any]) -> bytes:
        """The model of one node, as a file's bytes."""
        make, numbers = self._onnx.helper, self._onnx.helper.np_dtype_to_tensor_dtype
        node = make.make_node(op, list(feeds), ["output"], **told)
        ports = [
            make.make_tensor_value_info(name, numbers(value.dtype), value.shape)
            for name, value in feeds.items()
        ]
        first = next(iter(feeds.values())).dtype
        kind = np.dtype(np.int32) if op == "ConvInteger" else first
        ends = [make.make_tensor_value_info("output", numbers(kind), None)]
        graph = make.make_graph([node], op, ports, ends)
        opsets = [make.make_opsetid("", OPSET)]
        model = make.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return bytes(model.SerializeToString())

    def versions(self) -> dict[str, str]:
        return {"onnxruntime": str(self._runtime.__version__), **super().versions()}


def _given(bias: Array | None) -> Sequence[Array]:
    return () if bias is None else (bias,)


def _is_plain(g: Geometry) -> bool:
    """Whether PyTorch's rules and ONNX's are the same: no window is rounded up or all pads."""
    return not g.ceil and all(max(p) < k for p, k in zip(g.pads, g.kernel, strict=True))
