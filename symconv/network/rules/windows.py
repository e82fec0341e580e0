"""Convolutions and poolings: nodes that are a layer of `symconv.layer`, by ONNX's rules."""

from __future__ import annotations

from typing import Any

from symconv.errors import LayerError
from symconv.expand.layers import needs_gather
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from symconv.layer.legality import ONNX
from symconv.layer.window import Window as AxisWindow
from symconv.network.disputed import MORE, asked_pads, disputed
from symconv.network.rules.base import Link, NoRule, Rule, RuleOf, Shape, Site, Window, is_number

SAME = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower"}


def conv(site: Site) -> Rule:
    """Read a convolution; its weight may be any tensor of known shape."""
    shape, weight = _spatial(site), site.shape(1)
    kernel, groups = _kernel(site, weight[2:]), site.number("group", 1)
    layer = Conv(
        int(shape[1]),
        int(weight[0]),
        kernel,
        strides(site, len(kernel)),
        padding(site, len(kernel)),
        dilations(site, len(kernel)),
        groups,
        bias=site.has(2),
    )
    return of_layer(site, layer)


def _spatial(site: Site) -> Shape:
    """The shape of what a window slides over.

    Raises:
        NoRule: it has no spatial axis, or its channels are not a number.
    """
    shape = site.shape()
    if len(shape) < 3 or not isinstance(shape[1], int):
        raise NoRule(f"it reads a tensor of shape {[*map(str, shape)]}, not of channels in space")
    return shape


def _kernel(site: Site, found: Shape | None = None) -> tuple[int, ...]:
    """A window's taps on each axis.

    Raises:
        NoRule: they are not known, or readers do not agree on what the window is.
    """
    asked = site.node.attributes.get("kernel_shape", found)
    if asked is None or not all(isinstance(n, int) or hasattr(n, "__index__") for n in asked):
        raise NoRule("its kernel's size is not known")
    kernel = tuple(map(int, asked))
    if why := disputed(site.node.op, site.node.attributes, kernel):
        raise NoRule(why)
    return kernel


def _per_axis(site: Site, name: str, rank: int, default: int) -> tuple[int, ...]:
    found = tuple(int(n) for n in site.node.attributes.get(name) or (default,) * rank)
    if len(found) != rank:
        raise NoRule(f"its {name} {list(found)} are not those of {rank} axes")
    return found


def strides(site: Site, rank: int) -> tuple[int, ...]:
    """One stride for each axis."""
    return _per_axis(site, "strides", rank, 1)


def dilations(site: Site, rank: int) -> tuple[int, ...]:
    """One dilation for each axis."""
    return _per_axis(site, "dilations", rank, 1)


def padding(site: Site, rank: int) -> Any:
    """Pads as pairs, which ONNX lists begins first; or the word for 'SAME'."""
    auto = site.text("auto_pad", "NOTSET") or "NOTSET"
    if auto in SAME:
        return SAME[auto]
    if auto == "VALID":
        return ((0, 0),) * rank
    if auto != "NOTSET":
        raise NoRule(f"its auto_pad {auto!r} is not one of ONNX's")
    ends = _per_axis(site, "pads", 2 * rank, 0)
    return tuple(zip(ends[:rank], ends[rank:], strict=True))


def conv_transpose(site: Site) -> Rule:
    """Read a transposed convolution; a size that is asked for gives its pads."""
    shape, weight = _spatial(site), site.shape(1)
    kernel, groups = _kernel(site, weight[2:]), site.number("group", 1)
    rank = len(kernel)
    extra = _per_axis(site, "output_padding", rank, 0)
    pads = padding(site, rank)
    if asked := site.node.attributes.get("output_shape"):
        pads = _pads_for([int(n) for n in asked][-rank:], site, kernel, extra)
    layer = ConvTranspose(
        int(shape[1]),
        int(weight[1]) * groups,
        kernel,
        strides(site, rank),
        pads,
        extra,
        groups,
        site.has(2),
        dilations(site, rank),
    )
    return of_layer(site, layer)


def _pads_for(asked: list[int], site: Site, kernel: tuple[int, ...], extra: tuple[int, ...]) -> Any:
    """Pads that leave the size that is asked for.

    Raises:
        NoRule: the input's size is named, or it is too small for what is asked for.
    """
    rank, sizes = len(kernel), site.shape()[2:]
    upper = site.text("auto_pad", "NOTSET") == "SAME_UPPER"
    found = []
    steps = zip(strides(site, rank), dilations(site, rank), strict=True)
    for n, k, (s, d), more, out in zip(sizes, kernel, steps, extra, asked, strict=True):
        total = s * (n - 1) + more + d * (k - 1) + 1 - out
        if not isinstance(total, int):
            raise NoRule("it asks for an output size in numbers, and its input's is named")
        if (pads := asked_pads(total, upper=upper)) is None:
            raise NoRule(MORE)
        found.append(pads)
    return tuple(found)


def max_pool(site: Site) -> Rule:
    """Read a max pooling.

    Raises:
        NoRule: it also says where the greatest value stands.
    """
    if len([name for name in site.node.outputs if name]) > 1:
        raise NoRule("it also gives the places of its maxima, which count the input's positions")
    kernel = _kernel(site)
    layer = MaxPool(
        kernel,
        strides(site, len(kernel)),
        padding(site, len(kernel)),
        bool(site.number("ceil_mode", 0)),
        int(_spatial(site)[1]),
        legality=ONNX,
        dilation=dilations(site, len(kernel)),
    )
    return of_layer(site, layer)


def average_pool(site: Site) -> Rule:
    """Read an average pooling."""
    kernel = _kernel(site)
    layer = AvgPool(
        kernel,
        strides(site, len(kernel)),
        padding(site, len(kernel)),
        bool(site.number("ceil_mode", 0)),
        int(_spatial(site)[1]),
        bool(site.number("count_include_pad", 0)),
        legality=ONNX,
        dilation=dilations(site, len(kernel)),
    )
    return of_layer(site, layer)


def lp_pool(site: Site) -> Rule:
    """Read an Lp pooling: sums of a power of each value, and a root of each sum."""
    if site.number("ceil_mode", 0):
        raise NoRule("an Lp pooling with ceil_mode has no rule")
    kernel, channels = _kernel(site), int(_spatial(site)[1])
    layer = Conv(
        channels,
        channels,
        kernel,
        strides(site, len(kernel)),
        padding(site, len(kernel)),
        dilations(site, len(kernel)),
        channels,
        bias=False,
    )
    return of_layer(site, layer, power=site.number("p", 2))


def of_layer(site: Site, layer: AnyLayer, **more: Any) -> Rule:
    """The rule of a node that is a layer over the axes behind the channels.

    Raises:
        NoRule: the layer makes no sense over them; of a pooling runtimes may make one output still.
    """
    shape = _spatial(site)
    if layer.in_channels != shape[1]:
        raise NoRule(f"it reads {layer.in_channels} channels, its input has {shape[1]}")
    size = shape[2:]
    try:
        windows = layer.windows(size)
    except LayerError as fault:
        raise NoRule(f"its window makes no sense there: {fault}") from fault
    out: Shape = (shape[0], layer.out_channels, *layer.output_size(size))
    links = tuple(
        Link(0, 2 + axis, None)
        if is_free(layer, w)
        else Link(0, 2 + axis, 2 + axis, w.base_dilation, w.stride)
        for axis, w in enumerate(windows)
    )
    strided = any(max(link.stride, link.up) > 1 for link in links if link.out is not None)
    window = Window(size, int(shape[1]), layer, **more)
    return Rule("window", (out,), links, window, is_strided=strided)


def is_free(layer: AnyLayer, window: AxisWindow) -> bool:
    """Whether an axis has one output, so that no stride is taken and any factor goes in.

    What a last window of ceil_mode leaves out of its mean depends on the end, which stays then.
    """
    if layer.is_transposed or not is_number(window.output, 1):
        return False
    cut = layer.divides and getattr(layer, "ceil_mode", False)
    return isinstance(window.size, int) and not cut and not needs_gather(layer)


RULES: dict[str, RuleOf] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "LpPool": lp_pool,
}
