"""PyTorch modules as layers and chains: read by their class and attributes, without PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from symconv.errors import InputError, Unsupported
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from symconv.layer.base import Sizes
from symconv.layer.legality import ASK

if TYPE_CHECKING:
    from symconv.dialect.subject import Subject

RANKS = ("1d", "2d", "3d")

FUNCTIONS = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "SiLU": "silu",
    "Mish": "mish",
    "SELU": "selu",
    "Hardswish": "hardswish",
    "Hardsigmoid": "hardsigmoid",
    "Softplus": "softplus",
    "ELU": "elu",
    "GELU": "gelu",
    "LeakyReLU": "leaky_relu",
}
"""Classes that are functions of each value, by symconv's names."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "ELU": {"alpha": 1.0},
    "GELU": {"approximate": "none"},
    "LeakyReLU": {"negative_slope": 0.01},
    "Softplus": {"beta": 1.0, "threshold": 20.0},
}
"""The parameters with which symconv computes these functions: PyTorch's own defaults."""

NOTHING = {"Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d"}
"""Classes that leave every value as it is when a network is applied."""


def is_module(subject: object) -> bool:
    """Whether a value is a PyTorch module; PyTorch is not imported to know."""
    return any(
        cls.__module__.startswith("torch.nn") and cls.__name__ == "Module"
        for cls in type(subject).__mro__
    )


def read_module(module: Any) -> AnyLayer | list[AnyLayer | str]:
    """Read a module as a layer, or a `Sequential` as the operations of a chain.

    Raises:
        Unsupported: a class, or an option of one, that symconv has no layer for.
        LayerError: a layer makes no sense.

    >>> read_module(3)
    Traceback (most recent call last):
        ...
    symconv.errors.InputError: expected a torch.nn module, got int
    """
    if not is_module(module):
        raise InputError(f"expected a torch.nn module, got {type(module).__name__}")
    if type(module).__name__ != "Sequential":
        return _layer(module)
    return list(_operations(module))


def is_graph(subject: object) -> bool:
    """Whether a value is a module that is neither a layer nor a chain of layers.

    Such a one is exported, and read as a model.
    """
    if not is_module(subject) or _reader(type(subject).__name__) is not None:
        return False
    try:
        read_module(subject)
    except (Unsupported, InputError):
        return True
    return False


def _operations(sequence: Any) -> Iterator[AnyLayer | str]:
    for place, module in enumerate(sequence):
        name = type(module).__name__
        if name == "Sequential":
            yield from _operations(module)
        elif name in FUNCTIONS:
            yield _function(name, module)
        elif name not in NOTHING:
            try:
                yield _layer(module)
            except (Unsupported, InputError) as fault:
                fault.within(f"module {place}")
                raise


def _function(name: str, module: Any) -> str:
    for parameter, value in DEFAULTS.get(name, {}).items():
        if (found := getattr(module, parameter)) != value:
            raise Unsupported(f"{name}: {parameter}={found!r} is not read, only {value!r}")
    return FUNCTIONS[name]


def _layer(module: Any) -> AnyLayer:
    name = type(module).__name__
    read = _reader(name)
    if read is None:
        known = ", ".join(f"{stem}1d to {stem}3d" for stem in _READ)
        raise Unsupported(f"there is no layer for torch.nn.{name}; there is one for {known}")
    return read(module, int(name[-2]))


def _reader(name: str) -> Callable[[Any, int], AnyLayer] | None:
    """What reads the modules of a class as a layer, if something does."""
    return _READ.get(name[:-2]) if name.endswith(RANKS) else None


def _per_axis(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * rank


def _padding(module: Any, rank: int) -> Any:
    padding = module.padding
    return padding if isinstance(padding, str) else _per_axis(padding, rank)


def _geometry(module: Any, rank: int) -> dict[str, Any]:
    """What a convolution and its transpose are told alike."""
    return {
        "in_channels": module.in_channels,
        "out_channels": module.out_channels,
        "kernel_size": _per_axis(module.kernel_size, rank),
        "stride": _per_axis(module.stride, rank),
        "padding": _padding(module, rank),
        "dilation": _per_axis(module.dilation, rank),
        "groups": module.groups,
        "bias": module.bias is not None,
    }


def _conv(module: Any, rank: int) -> Conv:
    return Conv(**_geometry(module, rank), padding_mode=module.padding_mode)


def _conv_transpose(module: Any, rank: int) -> ConvTranspose:
    extra = _per_axis(module.output_padding, rank)
    return ConvTranspose(**_geometry(module, rank), output_padding=extra)


def _max_pool(module: Any, rank: int) -> MaxPool:
    if module.return_indices:
        raise Unsupported("MaxPool: return_indices=True gives indices too, which are not read")
    return MaxPool(
        _per_axis(module.kernel_size, rank),
        stride=_per_axis(module.stride, rank),
        padding=_padding(module, rank),
        ceil_mode=module.ceil_mode,
        dilation=_per_axis(module.dilation, rank),
    )


def _avg_pool(module: Any, rank: int) -> AvgPool:
    if getattr(module, "divisor_override", None) is not None:
        raise Unsupported(
            f"AvgPool: divisor_override={module.divisor_override} is not read; write the layer, "
            f"and {ASK}"
        )
    return AvgPool(
        _per_axis(module.kernel_size, rank),
        stride=_per_axis(module.stride, rank),
        padding=_padding(module, rank),
        ceil_mode=module.ceil_mode,
        count_include_pad=module.count_include_pad,
    )


_READ: dict[str, Callable[[Any, int], AnyLayer]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _max_pool,
    "AvgPool": _avg_pool,
}


class Torch:
    """Modules of PyTorch."""

    noun = "a torch.nn module"

    def takes(self, given: object) -> bool:
        """Whether it is one."""
        return is_module(given)

    def read(self, given: Any, input_size: Sizes | None) -> Subject:
        """The expansion of a layer, or the chain of a `Sequential`."""
        from symconv.dialect.subject import Subject
        from symconv.expand import destride
        from symconv.network import chain

        found, name = read_module(given), type(given).__name__
        if isinstance(found, AnyLayer):
            return Subject(destride(found, input_size), name)
        if input_size is None:
            raise InputError(
                "a torch.nn.Sequential needs an input size, such as (224, 224) or ('H', 'W')"
            )
        return Subject(chain(name, found, input_size))


DIALECT = Torch()
