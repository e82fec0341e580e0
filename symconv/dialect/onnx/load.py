"""An ONNX file's bytes as a protobuf message, bounded and checked: files are untrusted.

Data flow: a path -> its bytes, of a bounded number -> `ModelProto`, with functions inlined and
external data read from the file's own folder and nowhere else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from symconv.errors import InputError, MissingTool, Unsupported

if TYPE_CHECKING:
    import onnx

MOST_BYTES = 2**31
"""Bytes of a file and of its external data: protobuf itself holds no more."""

OLDEST = 7
"""The first opset that is read: before it, operators broadcast by attributes."""

DOMAINS = ("", "ai.onnx")
"""The names of ONNX's own operators."""


def onnx_library() -> Any:
    """Return the onnx library.

    Raises:
        MissingTool: it is not installed.
    """
    try:
        import onnx
    except ImportError as fault:
        raise MissingTool(
            "reading ONNX files needs onnx; install it with: pip install 'symconv[onnx]'"
        ) from fault
    return onnx


def load_onnx(path: str | Path) -> onnx.ModelProto:
    """Read an ONNX file, its external data included.

    Raises:
        InputError: it cannot be read, is too large, is malformed, or reads outside its folder.
        Unsupported: its opset is older than 7.
        MissingTool: the onnx library is not installed.
    """
    path = Path(path)
    model = parse_onnx(_bytes_within(path), str(path))
    _read_external(model, path)
    return model


def parse_onnx(data: bytes, where: str) -> onnx.ModelProto:
    """Read an ONNX model from its bytes; ``where`` is what messages call it.

    Raises:
        InputError: the bytes are no ONNX model.
        Unsupported: its opset is older than 7.
    """
    onnx = onnx_library()
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, RuntimeError, ValueError) as fault:
        raise InputError(f"{where} is not an ONNX model: {fault}") from fault
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise InputError(f"{where} is not an ONNX model: it holds no graph")
    if not model.graph.output:
        raise InputError(f"{where} has no outputs; a model without them computes nothing")
    if opset_of(model) < OLDEST:
        raise Unsupported(
            f"{where} is of opset {opset_of(model)}; from opset {OLDEST} on is read; upgrade it "
            "with onnx.version_converter"
        )
    return _inlined(model, where)


def opset_of(model: onnx.ModelProto) -> int:
    """The opset of ONNX's own operators; 1 where the file names none."""
    return next((o.version for o in model.opset_import if o.domain in DOMAINS), 1)


def _bytes_within(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} holds more than 2 GB, which no protobuf message may")
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror or fault}") from fault


def _inlined(model: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """The model without functions of its own."""
    if not model.functions:
        return model
    from onnx import inliner

    try:
        inlined: onnx.ModelProto = inliner.inline_local_functions(model)
    except Exception as fault:
        raise InputError(f"{where}: its functions cannot be inlined: {fault}") from fault
    return inlined


def _read_external(model: onnx.ModelProto, path: Path) -> None:
    onnx = onnx_library()
    external = [t for t in _tensors(model.graph) if t.data_location == onnx.TensorProto.EXTERNAL]
    budget = MOST_BYTES
    for tensor in external:
        found = {entry.key: entry.value for entry in tensor.external_data}
        data = _external_bytes(path, tensor.name, found, budget)
        budget -= len(data)
        tensor.raw_data = data
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _external_bytes(path: Path, name: str, entries: dict[str, str], budget: int) -> bytes:
    """The bytes of one tensor kept beside the model's file.

    Raises:
        InputError: the place is outside the folder, is not there, or holds less than is asked.
    """
    where = f"{path}: tensor {name!r} is kept in {entries.get('location', '')!r}"
    folder = path.resolve().parent
    file = (folder / entries.get("location", "")).resolve()
    if folder not in file.parents:
        raise InputError(f"{where}, outside the model's folder; it is not read")
    offset, length = (_count_of(entries.get(key), where) for key in ("offset", "length"))
    try:
        size = file.stat().st_size
        wanted = size - (offset or 0) if length is None else length
        if not 0 <= wanted <= min(budget, size - (offset or 0)):
            raise InputError(f"{where}, which holds {size} bytes, too few or too many of them")
        with file.open("rb") as stream:
            stream.seek(offset or 0)
            return stream.read(wanted)
    except OSError as fault:
        raise InputError(f"{where}, which cannot be read: {fault.strerror or fault}") from fault


def _count_of(text: str | None, where: str) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise InputError(f"{where}, at {text!r}, which is not a place in a file")
    return int(text)


def _tensors(graph: onnx.GraphProto) -> Any:
    """Every tensor that a graph holds: initialisers, attributes of nodes, those of bodies."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for body in (attribute.g, *attribute.graphs):
                yield from _tensors(body)
