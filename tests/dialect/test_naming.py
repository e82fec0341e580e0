"""Names of the dimensions that a model's file leaves open."""

from __future__ import annotations

import pytest

from symconv.dialect.naming import is_free, named_sizes
from symconv.dialect.onnx.read import model_of
from symconv.network.model import Model, Port
from symconv.prove.sets.text import check_names
from tests.helpers.onnx_files import file_of, node, value
from tests.helpers.requirements import require

Shape = tuple[int | str | None, ...]


def model(*shapes: Shape | None) -> Model:
    names = "xyz"[: len(shapes)]
    ports = tuple(Port(name, "float32", shape) for name, shape in zip(names, shapes, strict=True))
    return Model("m", ports, ("x",), (), {})


NAMED: list[tuple[list[Shape], list[Shape]]] = [
    ([(None, 3, None, None)], [("B", 3, "H", "W")]),
    ([("N", 900, None)], [("N", 900, "N_")]),
    ([("n", "mod", 8, "?")], [("n", "C", 8, "W")]),
    ([(None, 4), ("t", None, None)], [("B0", 4), ("t", "C1", "N1")]),
    ([("s", 1, "t"), ("s", 1, "u.v")], [("s", 1, "t"), ("s", 1, "N1")]),
    ([(1, "a b", 5), (1, "a b", 5)], [(1, "C0", 5), (1, "C0", 5)]),
    ([("B", None, None, None)], [("B", "C", "H", "W")]),
    ([(None, "B", None)], [("B_", "B", "N")]),
    ([(None,)], [("N",)]),
]


@pytest.mark.parametrize(("shapes", "names"), NAMED)
def test_open_dimensions_have_names(shapes: list[Shape], names: list[Shape]) -> None:
    given = model(*shapes)
    found = list(named_sizes(given, every=False).values())
    assert (found, is_free(given)) == (names, True)
    check_names(size for shape in found for size in shape if isinstance(size, str))


def test_every_size_in_space_is_named_where_that_is_asked() -> None:
    given = model((1, 3, 224, "W"), (2, 7))
    assert named_sizes(given, every=True) == {"x": (1, 3, "H0", "W"), "y": (2, "N1")}
    assert not is_free(model((1, 3, 224, 224)))


def test_an_input_of_unknown_rank_is_not_named() -> None:
    assert not is_free(model(None, (None, 3)))


def test_two_texts_of_a_file_are_two_names() -> None:
    require("onnx")
    texts = ("s*2", "s/2", "a b", "a_b", "s*2", "?")
    inputs = {f"x{place}": (1, text) for place, text in enumerate(texts)}
    proto = file_of([node("Sum", [*inputs], ["y"])], inputs, [value("y", None)])
    names = [port.shape[1] for port in model_of(proto, "m").inputs if port.shape is not None]
    assert names == ["s_2", "s_2_", "a_b", "a_b_", "s_2", None]
