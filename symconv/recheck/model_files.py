"""The file of a model's certificate: the nodes that it holds, against those that are stated.

Its shapes are those that the onnx library infers; windows have the forms of their squares' left
sides, and links are those that axes in the file allow.  A node that is left as it is may be any.
Of a file in another format than ONNX the digest is all that is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from symconv.recheck.facts import CertificateError
from symconv.recheck.onnx_links import check_links
from symconv.recheck.onnx_nodes import FileNode, OnnxFile
from symconv.recheck.onnx_shapes import check_held, check_inferred
from symconv.recheck.onnx_values import Unread, Values
from symconv.recheck.onnx_windows import FORMS, form_of_node, shape_of_form
from symconv.recheck.pasting import Pasting
from symconv.recheck.window_forms import Form, form_of_square, interpolates

Text = Mapping[str, Any]

RENAMED = {"Upsample": "Resize", "Dropout": "Identity"}
"""Operators of older opsets, and those that do nothing when a network is applied."""

WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool")
"""Operators with a stride."""

ENTERING = ("If", "Identity")
"""What stands for an ``If`` whose condition is known: the branch that is taken."""

MOST_INFERRED = 3
"""Sizes at which shapes are inferred, the large ones first: axes are the same ones at all."""


def check_file(
    certificate: Text, path: str | Path, looked: Sequence[Sequence[Pasting]]
) -> tuple[str, list[str]]:
    """Hold a certificate against the file that it names, at sizes that were looked at.

    Returns in words what was found, and what was not checked.

    Raises:
        CertificateError: the file is another one, or holds other nodes, shapes or windows.
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
        said = "the file has the digest that is stated; its nodes are not looked at"
        return said, ["that it holds these nodes with these shapes and links"]
    file = OnnxFile(data, path)
    stated = _Stated(certificate)
    stated.check_faces(file)
    nodes = list(file.nodes(stated.is_left_out))
    counted = sum(stated.check_node(node) for node in nodes)
    stated.refuse_others(file)
    unread = _at_sizes(file, nodes, stated, looked)
    said = f"the file has the digest that is stated, and {counted} nodes that are"
    return f"{said}, at {len(looked)} sizes" if certificate["names"] else said, unread


def _at_sizes(
    file: OnnxFile, nodes: Sequence[FileNode], stated: _Stated, looked: Sequence[Sequence[Pasting]]
) -> list[str]:
    """What is not worked out of shapes, windows and links at sizes in numbers."""
    unread: dict[str, None] = {}
    for place, graphs in enumerate(looked):
        here = _AtSizes(file, stated, graphs, place < MOST_INFERRED)
        unread |= dict.fromkeys(here.check(nodes))
    return list(unread)


class _Stated:
    """The nodes of a certificate, by what they make."""

    def __init__(self, certificate: Text) -> None:
        self.first: Text = certificate["graphs"][0]
        self.squares: Sequence[Text] = certificate["squares"]
        self.written: dict[str, Sequence[Any]] = {
            name: tensor["shape"]
            for graph in certificate["graphs"]
            for name, tensor in graph["tensors"].items()
        }
        self.made: dict[str, tuple[int, Text]] = {
            name: (place, node)
            for place, graph in enumerate(certificate["graphs"])
            for node in graph["nodes"]
            for name in node["outputs"]
            if name
        }

    def check_faces(self, file: OnnxFile) -> None:
        """Refuse other inputs or outputs of the model."""
        faces = (
            ("reads", "inputs", [value.name for value in file.ports]),
            ("makes", "outputs", [value.name for value in file.graph.output]),
        )
        for verb, part, names in faces:
            if [*self.first[part]] != names:
                raise CertificateError(
                    f"the file {verb} {names}, the certificate {[*self.first[part]]}"
                )

    def is_left_out(self, body: Any) -> bool:
        """Whether no node of a body is stated."""
        return not any(name in self.made for node in body.node for name in node.output)

    def check_node(self, node: FileNode) -> bool:
        """Refuse a node that the certificate states otherwise, or not at all."""
        if node.made not in self.made:
            if node.op == "If" and any(name in self.made for name in node.inner):
                return False
            raise CertificateError(f"the file makes {node.made!r} by {node.op}, no node states it")
        stated = self.made[node.made][1]
        op = RENAMED.get(node.op, node.op)
        if stated["op"] != op and not (node.op == "If" and stated["op"] in ENTERING):
            raise CertificateError(
                f"node {stated['name']!r} is {node.op} in the file, not {stated['op']}"
            )
        if not node.is_own and stated["status"] in ("converted", "carried"):
            raise CertificateError(f"node {stated['name']!r} is not ONNX's own {op} in the file")
        self._check_inputs(node, stated)
        return True

    def _check_inputs(self, node: FileNode, stated: Text) -> None:
        """Older forms may read more in the certificate: attributes that have become inputs."""
        read = list(node.inputs)
        if node.op == "If":
            read = []
        elif node.op == "Dropout":
            read = read[:1]
        elif node.op in ("Resize", "Upsample") and len(read) == 2:
            read.insert(1, "")
        if [*stated["inputs"]][: len(read)] != read:
            raise CertificateError(
                f"node {stated['name']!r} reads {read} in the file, not {[*stated['inputs']]}"
            )
        made = [*node.outputs][: len(stated["outputs"])]
        if node.op != "If" and made != [*stated["outputs"]]:
            raise CertificateError(
                f"node {stated['name']!r} makes {made} in the file, not {[*stated['outputs']]}"
            )

    def refuse_others(self, file: OnnxFile) -> None:
        """Refuse a node that the file does not hold."""
        if other := next((name for name in self.made if name not in file.makers), None):
            raise CertificateError(f"a node makes {other!r}, which the file does not hold")


class _AtSizes:
    """A file and a certificate at sizes in numbers."""

    def __init__(
        self, file: OnnxFile, stated: _Stated, graphs: Sequence[Pasting], infers: bool
    ) -> None:
        self.file, self.stated, self.graphs, self.infers = file, stated, graphs, infers
        held = {name: tuple(tensor.dims) for name, tensor in file.held.items()}
        self.shapes = {**held, **{n: shape for g in graphs for n, shape in g.shapes.items()}}
        self.values = Values(file, self.shapes)

    def check(self, nodes: Sequence[FileNode]) -> Iterator[str]:
        """Refuse what is another shape, window or link; what is not worked out is yielded.

        Raises:
            CertificateError: there is one.
        """
        check_held(self.file, self.shapes, self.stated.written)
        known = [node for node in nodes if node.is_own and node.made in self.stated.made]
        if self.infers:
            by_form = {node.made for node in known if self._has_form(node)}
            unknown = check_inferred(self.file, self.shapes, by_form, self.values)
            if unknown is None:
                yield "the shapes between its windows"
            elif unknown:
                yield f"the shapes of {unknown[0]!r} and its like, which are not inferred"
        for node in known:
            yield from self._node(node, *self.stated.made[node.made])

    def _has_form(self, node: FileNode) -> bool:
        is_converted = self.stated.made[node.made][1]["status"] == "converted"
        return node.op in WINDOWS or (is_converted and node.op in FORMS)

    def _node(self, node: FileNode, place: int, text: Text) -> Iterator[str]:
        try:
            if node.op == "If" and text["op"] == "Identity":
                self._branch(node)
            elif self._has_form(node):
                self._window(node, place, text)
            elif text["status"] == "carried":
                check_links(node, text, self.shapes, self.values)
        except Unread as fault:
            if text["status"] in ("converted", "carried"):
                yield str(fault)

    def _branch(self, node: FileNode) -> None:
        """Refuse the branch that is not taken, where it stands for its node."""
        is_true = bool(self.values.of(node.inputs[0]).all())
        taken = node.bodies["then_branch" if is_true else "else_branch"].output
        for name, out in zip(node.outputs, taken, strict=True):
            read = [*self.stated.made[name][1]["inputs"]] if name in self.stated.made else None
            if read is not None and read != [out.name]:
                raise CertificateError(f"the file makes {name!r} of {out.name!r}, not of {read}")

    def _window(self, node: FileNode, place: int, text: Text) -> None:
        """Refuse a window of another shape, or with a square of another window."""
        form = form_of_node(node, self.shapes, self.values)
        made, stated = shape_of_form(node, form, self.shapes), [*self.shapes[node.made]]
        if text["status"] == "converted":
            self._compare(text, form, form_of_square(self.graphs[place].square(text)))
        elif any(s > 1 for s in form["stride"]) and text["status"] != "left strided":
            raise CertificateError(
                f"node {text['name']!r} has the strides {form['stride']} in the file, and no square"
            )
        if made != stated:
            raise CertificateError(f"the file makes {node.made!r} of shape {made}, not {stated}")

    def _compare(self, text: Text, held: Form, said: Form) -> None:
        if held["operator"] == said["operator"] == "linear":
            if not interpolates(said["taps"], held["weights"]):
                raise CertificateError(
                    f"node {text['name']!r} places its samples in the file where its square "
                    "does not"
                )
            return
        for what, wanted in held.items():
            if said.get(what) != wanted:
                one, other = _apart(wanted, said.get(what))
                raise CertificateError(
                    f"node {text['name']!r} has the {what} {one!s:.40} in the file, its "
                    f"square {other!s:.40}"
                )


LONGEST = 40
"""Characters of a list that is shown whole; of a longer one, what differs first."""


def _apart(wanted: Any, said: Any) -> tuple[Any, Any]:
    """Two values that differ, or of long lists the first of their entries that do."""
    listed = isinstance(wanted, list | tuple) and isinstance(said, list | tuple)
    if not listed or len(wanted) != len(said) or len(str(wanted)) <= LONGEST:
        return wanted, said
    return _apart(*next(pair for pair in zip(wanted, said, strict=True) if pair[0] != pair[1]))
