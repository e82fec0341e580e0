"""The file of a model's certificate: the nodes that it holds, against those that are stated.

The file is read by the onnx library alone.  Of a file in another format the digest is all that is
looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from symconv.errors import MissingTool
from symconv.recheck.facts import CertificateError

Text = Mapping[str, Any]

WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool")
"""Operators with a stride."""

RENAMED = {"Upsample": "Resize", "Dropout": "Identity"}
"""Operators of older opsets, and those that do nothing when a network is applied."""

ENTERING = ("If", "Identity")
"""What stands for an ``If`` whose condition is known: the branch that is taken."""

OWN = ("", "ai.onnx")

PADDED = ("Conv", "ConvTranspose", "MaxPool")
"""Operators whose squares have the pads of the file; of means those are a step of their own."""

SPACE = 2
"""The first axis behind batch and channels."""


def check_file(certificate: Text, path: str | Path) -> str:
    """Hold a certificate against the file that it names, and return what was found in words.

    Raises:
        CertificateError: the file is another one, or holds other nodes, or a stride that the
            certificate leaves out.
        MissingTool: the onnx library is not installed.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as fault:
        raise CertificateError(f"{path} cannot be read: {fault.strerror or fault}") from fault
    digest = hashlib.sha256(data).hexdigest()
    if digest != certificate["model"]["sha256"]:
        raise CertificateError(
            f"{path} has the digest {digest[:16]}..., the certificate is of a file of "
            f"{str(certificate['model']['sha256'])[:16]}..."
        )
    if Path(path).suffix != ".onnx":
        return "the file has the digest that is stated; its nodes are not looked at"
    graph = _parsed(data, path).graph
    stated = _Stated(certificate)
    stated.check_faces(graph)
    counted = sum(stated.check_node(node) for node in _every(graph, stated.is_left_out))
    stated.refuse_others(graph)
    return f"the file has the digest that is stated, and {counted} nodes that are"


def _parsed(data: bytes, path: str | Path) -> Any:
    try:
        import onnx
    except ImportError as fault:
        raise MissingTool(
            "looking into ONNX files needs onnx; install it with: pip install 'symconv[onnx]'"
        ) from fault
    try:
        return onnx.load_model_from_string(data)
    except Exception as fault:
        raise CertificateError(f"{path} is not an ONNX model: {str(fault)[:200]}") from fault


def _every(graph: Any, is_left_out: Any) -> Iterator[Any]:
    """The nodes of a graph and of the bodies inside it, without the branches that are not taken."""
    for node in graph.node:
        if node.op_type == "Constant" and node.domain in OWN:
            continue
        bodies = [a.g for a in node.attribute if a.g.node or a.g.output]
        taken = [body for body in bodies if not (node.op_type == "If" and is_left_out(body))]
        yield node
        for body in taken:
            yield from _every(body, is_left_out)


class _Stated:
    """The nodes of a certificate, by what they make."""

    def __init__(self, certificate: Text) -> None:
        self.first: Text = certificate["graphs"][0]
        self.squares: Sequence[Text] = certificate["squares"]
        self.made: dict[str, tuple[Text, Text]] = {
            name: (graph, node)
            for graph in certificate["graphs"]
            for node in graph["nodes"]
            for name in node["outputs"]
            if name
        }

    def check_faces(self, graph: Any) -> None:
        """Refuse other inputs or outputs of the model."""
        held = {tensor.name for tensor in graph.initializer}
        faces = (
            ("reads", "inputs", [value.name for value in graph.input if value.name not in held]),
            ("makes", "outputs", [value.name for value in graph.output]),
        )
        for verb, part, names in faces:
            if [*self.first[part]] != names:
                raise CertificateError(
                    f"the file {verb} {names}, the certificate {[*self.first[part]]}"
                )

    def is_left_out(self, body: Any) -> bool:
        """Whether no node of a body is stated."""
        return not any(name in self.made for node in body.node for name in node.output)

    def check_node(self, node: Any) -> bool:
        """Refuse a node that the certificate states otherwise, or not at all."""
        name = next(filter(None, node.output), "")
        if name not in self.made:
            if node.op_type == "If" and any(not self.is_left_out(a.g) for a in node.attribute):
                return False
            raise CertificateError(f"the file makes {name!r} by {node.op_type}, no node states it")
        graph, stated = self.made[name]
        op = RENAMED.get(node.op_type, node.op_type)
        if stated["op"] != op and not (node.op_type == "If" and stated["op"] in ENTERING):
            raise CertificateError(
                f"node {stated['name']!r} is {node.op_type} in the file, not {stated['op']}"
            )
        self._check_inputs(node, stated)
        if node.op_type in WINDOWS and node.domain in OWN:
            self._check_window(node, graph, stated)
        return True

    def _check_inputs(self, node: Any, stated: Text) -> None:
        """Older forms may read more in the certificate: attributes that have become inputs."""
        read = [*node.input]
        if node.op_type in ("If", *RENAMED):
            read = read[:1] if node.op_type != "If" else []
        if [*stated["inputs"]][: len(read)] != read:
            raise CertificateError(
                f"node {stated['name']!r} reads {read} in the file, not {[*stated['inputs']]}"
            )

    def _check_window(self, node: Any, graph: Text, stated: Text) -> None:
        """A window with a stride needs a square, and its square is of the file's window."""
        held = {a.name: list(a.ints) or a.i or a.s for a in node.attribute}
        shape = graph["tensors"].get(node.output[0], {}).get("shape", ())
        axes = [axis for axis, size in enumerate(shape[SPACE:]) if str(size) != "1"]
        strides = held.get("strides") or [1] * (len(shape) - SPACE)
        if "square" in stated:
            claim = self.squares[stated["square"]]["claim"]
            (step,) = [step for step in claim["left"] if "stride" in step]
            for what, wanted in _window_of(node.op_type, held, len(strides)):
                said = _per_axis(step, what, len(strides))
                if any(said[axis] != wanted[axis] for axis in axes):
                    raise CertificateError(
                        f"node {stated['name']!r} has the {what} {wanted} in the file, its "
                        f"square {said}"
                    )
        elif any(strides[axis] > 1 for axis in axes) and stated["status"] != "left strided":
            raise CertificateError(
                f"node {stated['name']!r} has the strides {strides} in the file, and no square"
            )

    def refuse_others(self, graph: Any) -> None:
        """Refuse a node that the file does not hold."""
        held = {name for node in _every(graph, lambda body: False) for name in node.output}
        if other := next((name for name in self.made if name not in held), None):
            raise CertificateError(f"a node makes {other!r}, which the file does not hold")


def _window_of(op: str, held: Text, rank: int) -> Iterator[tuple[str, Sequence[Any]]]:
    """What a node's attributes say of its window, an entry an axis."""
    ones = [1] * rank
    yield "stride", held.get("strides") or ones
    yield "dilation", held.get("dilations") or ones
    if op in ("MaxPool", "AveragePool"):
        yield "kernel_size", held["kernel_shape"]
    elif op != "LpPool":
        yield "groups", [held.get("group") or 1] * rank
    in_words = held.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID")
    if not in_words and not held.get("ceil_mode") and "output_shape" not in held and op in PADDED:
        pads = held.get("pads") or [0] * (2 * rank)
        yield "padding", [[*pair] for pair in zip(pads[:rank], pads[rank:], strict=True)]


def _per_axis(step: Text, what: str, rank: int) -> list[Any]:
    said = step.get(what, 0 if what == "padding" else 1)
    if what == "padding":
        entries = said if isinstance(said, list) else [said] * rank
        return [[*e] if isinstance(e, list) else [e, e] for e in entries]
    return [*said] if isinstance(said, list) else [said] * rank
