"""Models written: sizes fixed, checked by onnx itself, and whole or not there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from symconv.dialect.onnx.load import onnx_library
from symconv.network.bound import Bound, Sizes

if TYPE_CHECKING:
    import onnx


def fix_sizes(proto: onnx.ModelProto, sizes: Sizes) -> None:
    """Write the dimensions of inputs into a file; what follows from them is left to inference."""
    for value in proto.graph.input:
        if value.name in sizes:
            shape = value.type.tensor_type.shape
            del shape.dim[:]
            for size in sizes[value.name]:
                shape.dim.add().dim_value = int(size)


def mend_ranks(proto: onnx.ModelProto, bound: Bound) -> None:
    """State as many axes as a tensor has where a file says fewer, as onnx's inference leaves some.

    Their sizes are left to who reads it.
    """
    for value in (*proto.graph.value_info, *proto.graph.output):
        tensor, rank = value.type.tensor_type, bound.rank(value.name)
        if tensor.HasField("shape") and rank is not None and len(tensor.shape.dim) != rank:
            del tensor.shape.dim[:]
            for _ in range(rank):
                tensor.shape.dim.add()


def unsound(proto: onnx.ModelProto) -> str | None:
    """What onnx's checker or its shape inference find wrong with a file; None where nothing."""
    onnx = onnx_library()
    try:
        onnx.checker.check_model(proto)
        onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True)
    except Exception as fault:  # noqa: BLE001 - the library raises what its C++ core does
        return str(fault).strip().splitlines()[0]
    return None


@contextmanager
def written_aside(proto: onnx.ModelProto, path: Path) -> Iterator[Path]:
    """Write a file beside its place, and move it there when the block ends without a fault."""
    beside = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.onnx")
    try:
        beside.write_bytes(proto.SerializeToString())
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
