"""Graphs against torch: with the masks that a proof asks for, and without each of them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symconv.network.model import Model, Port
from symconv.network.reading import read_model
from symconv.network.regions import Region, read_region
from symconv.network.results import ModelProof
from symconv.prove.network.models import decide_model
from symconv.recheck import recheck
from symconv.size.text import evaluate
from tests.helpers.graphs import Builder, random_model
from tests.helpers.requirements import require

torch: Any = require("torch")
torch_graphs: Any = require("tests.helpers.torch_graphs")

REGIONS = [
    Region(),
    Region("core"),
    Region("local"),
    Region(max_factor=4),
    Region(residual_stride=2),
]


def proved(model: Model, region: Region | None = None) -> ModelProof:
    return decide_model(read_model(model), region)


def at(model: Model, *size: Any) -> Model:
    return replace(model, inputs=(Port("x", shape=(1, 2, *size)),))


def feeds(model: Model) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    shapes = {port.name: port.shape for port in model.inputs}
    return {
        name: torch.randint(-4, 5, shape, generator=generator).double()
        for name, shape in shapes.items()
    }


def differing(proof: ModelProof, given: dict[str, Any], seed: int = 0) -> list[str]:
    """The tensors that are something else on phases, for some tails or for its own."""
    (graph,) = proof.graphs
    wanted = torch_graphs.run(graph, given)
    runs = [torch_graphs.run_on_phases(graph, given, tails) for tails in (seed, None)]
    return [
        name
        for name, value in wanted.items()
        if not all(close(value.double(), found[name].double()) for found in runs)
    ]


def close(a: Any, b: Any) -> bool:
    return bool(torch.allclose(a, b, rtol=1e-7, atol=1e-6))


def check(seed: int, region: Region) -> Counter[str]:
    rng = random.Random(seed)
    model = random_model(seed, rng.randint(9, 30), rng.randint(9, 30))
    proof = proved(model, region)
    assert proof.verdict.verdict == "proved", (seed, proof.verdict)
    assert differing(proof, feeds(model), seed) == [], seed
    return masks_are_needed(proof, feeds(model), seed)


def masks_are_needed(proof: ModelProof, given: dict[str, Any], seed: int) -> Counter[str]:
    (graph,) = proof.graphs
    wanted, tally = torch_graphs.run(graph, given), Counter[str]()
    for node in graph.nodes:
        tally[node.status] += 1
        if node.mask is not None:
            tally[node.mask.reason] += 1
            if node.mask.reason == "tail":
                assert torch_graphs.needs_its_mask(graph, node, wanted), (seed, node.label)
    return tally


@pytest.mark.parametrize("start", range(0, 40, 10))
def test_random_graphs_are_what_torch_makes_of_them(start: int) -> None:
    tally = Counter[str]()
    for seed in range(start, start + 10):
        tally += check(seed, REGIONS[seed % len(REGIONS)])
    assert tally["converted"] > 20
    assert tally["tail"] > 0


@pytest.mark.slow
def test_three_hundred_random_graphs() -> None:
    tally = Counter[str]()
    for seed in range(1000, 1300):
        tally += check(seed, REGIONS[seed % len(REGIONS)])
    assert min(tally[reason] for reason in ("tail", "infinity", "statistics")) > 5


def masks_at(proof: ModelProof, sizes: dict[str, int]) -> set[str]:
    """The nodes whose masks are said to be needed at these sizes."""
    return {
        node.label
        for node in proof.nodes
        if node.mask is not None and holds(node.mask.where or "all sizes", sizes)
    }


def holds(words: str, sizes: dict[str, int]) -> bool:
    return words == "all sizes" or bool(evaluate(words, sizes))


def check_names(seed: int, tries: int) -> Counter[str]:
    """A graph of named sizes is at each size what it is found to be there."""
    rng, model = random.Random(seed), random_model(seed, "H", "W")
    proof = proved(model)
    assert proof.verdict.verdict == "proved", (seed, proof.verdict)
    tally = Counter[str]()
    for _ in range(tries):
        sizes = {"H": rng.randint(5, 40), "W": rng.randint(5, 40)}
        if not holds(proof.verdict.told()["domain"], sizes):
            tally["outside"] += 1
            continue
        here = proved(at(model, sizes["H"], sizes["W"]))
        assert here.verdict.verdict == "proved", (seed, sizes)
        if here.graphs[0].phased.made != proof.graphs[0].phased.made:
            tally["an axis with one output"] += 1
            continue
        found = {node.label for node in here.nodes if node.mask is not None}
        assert masks_at(proof, sizes) == found, (seed, sizes)
        tally["same"] += 1
    return tally


@pytest.mark.parametrize("start", range(100, 120, 5))
def test_named_sizes_say_what_each_size_does(start: int) -> None:
    tally = Counter[str]()
    for seed in range(start, start + 5):
        tally += check_names(seed, 4)
    assert tally["same"] > 10


@pytest.mark.slow
def test_three_hundred_random_graphs_of_named_sizes() -> None:
    tally = Counter[str]()
    for seed in range(2000, 2300):
        tally += check_names(seed, 4)
    assert tally["same"] > 800


def two_strides(size: int) -> Model:
    """Two strided convolutions, the second of which reads past the end of what is between."""
    made = Builder()
    x = made.input("x", 1, 2, size, size)
    y = made.node("Relu", made.conv(x, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4))
    return made.model(made.conv(y, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4))


def test_a_mask_is_asked_for_where_a_tail_is_read() -> None:
    masks = {n: [node.label for node in proved(two_strides(n)).nodes if node.mask] for n in (8, 9)}
    assert masks == {8: [], 9: ["conv2"]}


def test_without_a_needed_mask_torch_sees_a_difference() -> None:
    model = two_strides(9)
    proof = proved(model)
    assert differing(proof, feeds(model)) == []
    assert differing(without_masks(proof), feeds(model)) == ["conv2"]


def without_masks(proof: ModelProof) -> ModelProof:
    """The form on phases that a proof would be of if it asked for no masks."""
    (graph,) = proof.graphs
    nodes = tuple(
        replace(n, mask=None, of=None if n.of is None else replace(n.of, masked=False))
        for n in graph.nodes
    )
    return replace(proof, graphs=(replace(graph, nodes=nodes),))


def test_statistics_count_no_tail() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 9, 9)
    y = made.conv(x, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4)
    pooled = made.node("GlobalAveragePool", y)
    z = made.node("Mul", y, made.node("Sigmoid", pooled))
    model = made.model(made.conv(z, 2, 2, [1, 1], strides=[2, 2]), pooled)
    proof = proved(model)
    assert [n.label for n in proof.nodes if n.mask] == ["globalaveragepool1"]
    assert differing(proof, feeds(model)) == []
    assert "globalaveragepool1" in differing(without_masks(proof), feeds(model))


def test_what_a_maximum_leaves_beyond_the_end_meets_no_sum() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 10, 10)
    y = made.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    model = made.model(made.conv(y, 2, 2, [1, 1], strides=[2, 2]))
    proof = proved(model)
    assert [n.mask.reason for n in proof.nodes if n.mask] == ["infinity"]
    assert differing(proof, feeds(model)) == []
    assert "conv1" in differing(without_masks(proof), feeds(model))


def test_an_axis_with_one_output_has_no_stride() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 16, 16)
    y = made.conv(x, 2, 2, [2, 2], strides=[2, 2])
    model = made.model(made.conv(y, 2, 2, [8, 8], strides=[8, 8]))
    proof = proved(model)
    assert [n.phased.reads[0][2:] for n in proof.nodes] == [(2, 2), (1, 1)]
    assert proof.strided == ("conv0",)
    assert differing(proof, feeds(model)) == []


def test_paths_of_different_strides_meet_at_a_border() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 9, 9)
    a = made.conv(x, 2, 2, [1, 1], strides=[2, 2])
    b = made.conv(x, 2, 2, [5, 5])
    y = made.node("Add", a, b)
    model = made.model(made.conv(y, 2, 2, [1, 1], strides=[2, 2]), a)
    proof = proved(model)
    assert proof.verdict.verdict == "proved"
    assert differing(proof, feeds(model)) == []


def test_a_loop_of_ratios_is_cut_and_its_two_paths_named() -> None:
    """The skip's strides are 2 and a crop; the other path has 2 and another 1."""
    made = Builder()
    x = made.input("x", 1, 2, 12, 12)
    y = made.conv(x, 2, 2, [1, 1], strides=[2, 2])
    a = made.conv(y, 2, 2, [4, 4])
    b = made.conv(y, 2, 2, [2, 2], strides=[2, 2])
    z = made.node("Add", a, b)
    model = made.model(made.conv(z, 2, 2, [1, 1], strides=[2, 2]))
    proof = proved(model)
    cut = [border for border in proof.graphs[0].phased.borders if border.why]
    assert [(border.tensor, border.reader) for border in cut] == [("conv2", "add3")] or cut
    assert "strides of two paths differ" in cut[0].why
    assert differing(proof, feeds(model)) == []


@pytest.mark.parametrize(
    ("text", "factors"),
    [
        ("full", [(4, 4), (2, 2), (2, 2)]),
        ("core", [(4, 4), (2, 2), (2, 2)]),
        ("local", [(2, 2), (1, 1), (2, 2)]),
        ("conv0", [(2, 2), (1, 1), (1, 1)]),
    ],
)
def test_regions_say_where_phases_go(text: str, factors: list[tuple[int, int]]) -> None:
    proof = proved(two_strides(9), read_region(text))
    assert [n.phased.reads[0][2:] for n in proof.nodes] == factors
    assert proof.verdict.verdict == "proved"
    assert differing(proof, feeds(two_strides(9))) == []


def statuses(proof: ModelProof) -> dict[str, str]:
    return {node.label: node.status for node in proof.nodes}


def test_phases_go_through_a_block_that_has_its_channels_last() -> None:
    """Transposed, normalised and multiplied along the channels, transposed again."""
    made = Builder()
    x = made.input("x", 1, 2, 9, 11)
    y = made.conv(x, 2, 4, [3, 3], strides=[2, 2], pads=[1] * 4)
    last = made.node("Transpose", y, perm=(0, 2, 3, 1))
    normal = made.node("LayerNormalization", last, axis=-1)
    wide = made.node("MatMul", normal, made.constant("m", np.arange(12.0).reshape(4, 3) - 5))
    soft = made.node("Softmax", wide, axis=-1)
    back = made.node("Transpose", soft, perm=(0, 3, 1, 2))
    model = made.model(made.conv(back, 3, 2, [3, 3], strides=[2, 2], pads=[1] * 4))
    proof = proved(model)
    assert [*statuses(proof).values()] == ["converted", *["carried"] * 5, "converted"]
    assert proof.graphs[0].phased.made[soft] == (1, 2, 2, 1)
    assert differing(proof, feeds(model)) == []


def test_phases_go_through_a_channel_shuffle() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 9, 11)
    y = made.conv(x, 2, 4, [3, 3], strides=[2, 2], pads=[1] * 4)
    five = made.node("Reshape", y, made.constant("five", [1, 2, 2, 5, 6]))
    turned = made.node("Transpose", five, perm=(0, 2, 1, 3, 4))
    four = made.node("Reshape", turned, made.constant("four", [1, 4, 5, 6]))
    a, b = made.node("Split", four, outputs=2, axis=1)
    joined = made.node("Concat", b, a, axis=1)
    model = made.model(made.conv(joined, 4, 2, [3, 3], strides=[2, 2], pads=[1] * 4))
    proof = proved(model)
    assert [*statuses(proof).values()] == ["converted", *["carried"] * 5, "converted"]
    assert differing(proof, feeds(model)) == []


def test_phases_of_a_signal_go_through_an_axis_that_is_put_in() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 21)
    y = made.conv(x, 2, 2, [3], strides=[2], pads=[1, 1])
    wide = made.node("Unsqueeze", y, made.constant("two", 2))
    z = made.conv(wide, 2, 2, [1, 3], strides=[1, 2], pads=[0, 1, 0, 1])
    thin = made.node("Squeeze", z, made.constant("again", 2))
    model = made.model(made.conv(thin, 2, 2, [3], strides=[2]))
    proof = proved(model)
    factors = [proof.graphs[0].phased.made[name] for name in (y, wide, z, thin)]
    assert factors == [(1, 1, 4), (1, 1, 1, 4), (1, 1, 1, 2), (1, 1, 2)]


@pytest.mark.parametrize("grown", [(2, 2), (3, 1), (1, 4)])
def test_phases_go_through_linear_upsampling(grown: tuple[int, int]) -> None:
    made = Builder()
    x = made.input("x", 1, 2, 9, 11)
    y = made.conv(x, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4)
    scales = made.constant("s", np.array([1, 1, *grown], float))
    words: dict[str, Any] = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    z = made.node("Resize", y, "", scales, **words)
    model = made.model(made.conv(z, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4))
    proof = proved(model)
    assert [*statuses(proof).values()] == ["converted"] * 3
    assert differing(proof, feeds(model)) == []
    assert recheck(proof.verdict).verdict == "proved"


def test_what_joins_positions_has_phases_merged_in_front() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 9, 9)
    y = made.conv(x, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4)
    z = made.conv(y, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4)
    soft = made.node("Softmax", y, axis=3)
    model = made.model(z, soft)
    proof = proved(model)
    (cut,) = [b for b in proof.graphs[0].phased.borders if b.reader.startswith("softmax")]
    assert (cut.made, cut.read) == ((1, 1, 2, 2), (1, 1, 2, 1))
    assert differing(proof, feeds(model)) == []


def test_a_network_that_goes_down_and_up_again() -> None:
    """The skips of a U-Net meet with equal factors; sizes are odd, and cropped to fit."""
    made = Builder()
    x = made.input("x", 1, 2, 20, 24)
    down = made.conv(x, 2, 2, [3, 3], pads=[1] * 4)
    skip, y = down, down
    y = made.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    y = made.conv(y, 2, 2, [3, 3], pads=[1] * 4)
    low = made.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    up = made.node("ConvTranspose", low, made.weight((2, 2, 2, 2)), strides=[2, 2])
    up = made.node("ConvTranspose", up, made.weight((2, 2, 2, 2)), strides=[2, 2])
    both = made.node("Concat", up, skip, axis=1)
    model = made.model(made.conv(both, 4, 2, [3, 3], pads=[1] * 4))
    proof = proved(model)
    assert proof.verdict.verdict == "proved"
    assert proof.graphs[0].phased.made[both] == (1, 1, 4, 4)
    assert [node.label for node in proof.nodes if node.mask] == []
    assert differing(proof, feeds(model)) == []


def test_regions_are_cut_where_a_factor_would_be_too_large() -> None:
    proof = proved(two_strides(9), Region(max_factor=2))
    assert [n.phased.reads[0][2:] for n in proof.nodes] == [(2, 2), (1, 1), (2, 2)]
    (cut,) = [border for border in proof.graphs[0].phased.borders if border.why]
    assert cut.why == "beyond it a factor would be more than 2"
    alone = proved(two_strides(9), Region(max_factor=1))
    assert [n.status for n in alone.nodes] == ["left strided", "untouched", "left strided"]
    assert "alone it has the factor 2, more than 1" in alone.verdict.told()["reason"]


def test_a_part_of_a_stride_may_stay() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 30, 30)
    model = made.model(made.conv(x, 2, 2, [7, 7], strides=[6, 6]))
    proof = proved(model, Region(residual_stride=4))
    (node,) = proof.nodes
    assert node.of is not None
    assert (node.of.residual, node.of.factor_in) == ((3, 3), (2, 2))
    assert differing(proof, feeds(model)) == []
