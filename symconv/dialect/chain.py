"""A chain: layers one after another, with pointwise functions between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from symconv.dialect.config import CHANNELS, OPERATIONS, Config, distinct, hint, read_layer
from symconv.errors import LayerError
from symconv.layer.pointwise import POINTWISE
from symconv.size.names import axis_names

if TYPE_CHECKING:
    from symconv.claim.steps import Pointwise
    from symconv.network import Network

STAND_IN = 4096
"""The number with which a chain of named sizes is read; no proof uses it."""

MOST_NODES = 2000
"""Items of a chain: networks of a thousand layers exist, and every one has its own square."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Layers and pointwise functions in order; each layer reads the output of the one before."""

    kind: ClassVar[str] = "chain"
    name: str
    entries: tuple[Config | Pointwise, ...]
    named: tuple[int | str, ...] = ()
    """The input's sizes, where one of them is a name; the layers then hold `STAND_IN` for it."""

    @property
    def layers(self) -> tuple[Config, ...]:
        """The layers alone."""
        return tuple(entry for entry in self.entries if isinstance(entry, Config))

    def network(self) -> Network:
        """The chain as a network, whose claim can be proved.

        Raises:
            LayerError: the first layer's input size names a size.
        """
        if self.named:
            raise LayerError(
                f"chain {self.name!r}: input_size={list(self.named)} names a size; give numbers, "
                "or prove it for all sizes"
            )
        return self._network(self.layers[0].numeric_size or ())

    def named_network(self) -> Network:
        """The chain for all sizes: of its own names, or of the usual ones where it has none.

        Beside a named size a number stays a number.

        Raises:
            LayerError: one name stands for two axes.
        """
        usual = axis_names(len(self.layers[0].input_size))
        try:
            return self._network(distinct(self.named or usual))
        except LayerError as fault:
            raise LayerError(f"chain {self.name!r}: {fault}") from None

    def _network(self, sizes: tuple[int | str, ...]) -> Network:
        from symconv.network import chain

        operations = [
            e.windowed(f"chain {self.name!r}") if isinstance(e, Config) else e.function
            for e in self.entries
        ]
        names = [e.name if isinstance(e, Config) else e.function for e in self.entries]
        return chain(self.name, operations, sizes, names)


def read_chain(items: Sequence[Any], name: str) -> Chain:
    """Read a chain; a layer after the first may leave out its input channels and size.

    Raises:
        LayerError: an item makes no sense, or does not fit the one before it.

    >>> stem = {"op": "conv", "in_channels": 3, "out_channels": 64, "kernel_size": 7, "stride": 2,
    ...         "padding": 3, "input_size": [224, 224]}
    >>> pool = {"op": "max_pool", "kernel_size": 3, "stride": 2}
    >>> chain = read_chain([stem, {"op": "relu"}, pool], "stem")
    >>> chain.layers[-1].layer.channels, chain.layers[-1].output_size
    (64, (55, 55))
    """
    if not isinstance(items, list | tuple):
        raise LayerError(f"chain {name!r}: 'network' must be a list of layers, got {items!r}")
    if len(items) > MOST_NODES:
        raise LayerError(
            f"chain {name!r} holds {len(items)} items, at most {MOST_NODES}; split it in two"
        )
    items, named = _with_numbers(items)
    entries: list[Config | Pointwise] = []
    last: Config | None = None
    for place, item in enumerate(items):
        entry = _read_entry(item, f"{name}[{place}]", last)
        entries.append(entry)
        last = entry if isinstance(entry, Config) else last
    if last is None:
        raise LayerError(f"chain {name!r} holds no layer")
    return Chain(name, tuple(entries), named)


def _with_numbers(items: Sequence[Any]) -> tuple[list[Any], tuple[int | str, ...]]:
    """The items with `STAND_IN` for each named size of the input, and the sizes as they were."""
    found: list[Any] = list(items)
    for place, item in enumerate(found):
        sizes = item.get("input_size") if isinstance(item, Mapping) else None
        if isinstance(sizes, list | tuple):
            if not any(isinstance(n, str) and n.isidentifier() for n in sizes):
                break
            numbers = [STAND_IN if isinstance(n, str) and n.isidentifier() else n for n in sizes]
            found[place] = {**item, "input_size": numbers}
            later = (i for i in found[place + 1 :] if isinstance(i, Mapping) and "input_size" in i)
            if (other := next(later, None)) is not None:
                raise LayerError(
                    f"the sizes of a chain for all sizes follow from {list(sizes)}; leave out "
                    f"input_size={other['input_size']!r} of a later layer"
                )
            return found, tuple(sizes)
    return found, ()


def _read_entry(item: Any, where: str, last: Config | None) -> Config | Pointwise:
    from symconv.claim.steps import Pointwise

    if not isinstance(item, Mapping):
        raise LayerError(f"{where}: an item must be an object with 'op', got {item!r}")
    op = item.get("op")
    if isinstance(op, str) and op not in OPERATIONS:
        return Pointwise(_read_function(item, where))
    config = read_layer(_fill_in(item, last), where)
    if last is not None:
        _check_fit(last, config)
    return config


def _read_function(item: Mapping[str, Any], where: str) -> str:
    op, extra = item["op"], sorted(set(item) - {"op", "name", "function"})
    given = item.get("function", item.get("name"))
    if extra:
        raise LayerError(f"{where}: a pointwise function has no attribute {extra[0]!r}")
    if op == "pointwise" and isinstance(given, str) and given.isidentifier():
        return given
    if op in POINTWISE and "function" not in item:
        return str(op)
    known = (*OPERATIONS, *POINTWISE)
    raise LayerError(
        f"{where}: op must be a layer, or one of {', '.join(POINTWISE)}, or 'pointwise' with a "
        f"'function' by name, got {op!r}{hint(op, known)}"
    )


def _fill_in(item: Mapping[str, Any], last: Config | None) -> Mapping[str, Any]:
    if last is None:
        return item
    if last.output_size is None:
        raise LayerError(f"layer {last.name!r}: in a chain input_size must be numeric")
    channels = (
        {}
        if set(CHANNELS) & set(item) - {"out_channels"}
        else {"in_channels": last.layer.out_channels}
    )
    return {"input_size": list(last.output_size), **channels, **item}


def _check_fit(last: Config, config: Config) -> None:
    if config.layer.in_channels != last.layer.out_channels:
        raise LayerError(
            f"layer {config.name!r}: in_channels must be {last.layer.out_channels}, the output "
            f"channels of {last.name!r}, got {config.layer.in_channels}"
        )
    if config.input_size != last.output_size:
        raise LayerError(
            f"layer {config.name!r}: input_size must be {list(last.output_size or ())}, the output "
            f"size of {last.name!r}, got {list(config.input_size)}"
        )
