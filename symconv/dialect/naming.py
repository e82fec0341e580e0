"""Names for the dimensions of a model's inputs that a file leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from symconv.errors import ClaimError
from symconv.network.model import Model, Port
from symconv.size.names import axis_names

SPACE = 2
"""The first axis in space, behind batch and channels."""


def is_free(model: Model) -> bool:
    """Whether a file leaves a dimension of its inputs open, each of a known rank."""
    shapes = [port.shape for port in model.inputs]
    if any(shape is None for shape in shapes):
        return False
    return any(not isinstance(size, int) for shape in shapes for size in shape or ())


def named_sizes(model: Model, *, every: bool) -> Mapping[str, tuple[int | str, ...]]:
    """The dimensions of the inputs, by name where the file leaves them open.

    A name of the file's stays where a condition can hold it, and stands for the same size wherever
    the file writes it; other dimensions are B and C, and N or H and W in space.

    Args:
        model: the model, as it was read.
        every: whether sizes in space are named that the file has as numbers, too.

    >>> x = Port("x", "float32", ("n", 3, "out h", None))
    >>> named_sizes(Model("m", (x,), ("x",), (), {}), every=False)
    {'x': ('n', 3, 'H', 'W')}
    """
    ports = [port for port in model.inputs if port.shape]
    written = {size for port in ports for size in port.shape or () if isinstance(size, str)}
    names = _Names(set(filter(_is_name, written)))
    found = {}
    for number, port in enumerate(ports):
        suffix = str(number) if len(ports) > 1 else ""
        found[port.name] = tuple(names.of(port, suffix, every))
    return found


@dataclass
class _Names:
    """The names in use, and what stands for those of a file that no condition can hold."""

    taken: set[str]
    other: dict[str, str] = field(default_factory=dict)

    def of(self, port: Port, suffix: str, every: bool) -> Iterator[int | str]:
        """The dimensions of an input."""
        shape = port.shape or ()
        first = min(SPACE, len(shape) - 1)  # of a signal without channels its samples are named
        own = [*"BC"[:first], *axis_names(len(shape) - first)]
        for axis, (size, name) in enumerate(zip(shape, own, strict=True)):
            if isinstance(size, str):
                yield self._of_the_file(size, f"{name}{suffix}")
            elif size is None or (every and axis >= first):
                yield self._fresh(f"{name}{suffix}")
            else:
                yield size

    def _of_the_file(self, written: str, instead: str) -> str:
        if _is_name(written):
            return written
        if written not in self.other:
            self.other[written] = self._fresh(instead)
        return self.other[written]

    def _fresh(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def _is_name(text: str) -> bool:
    from symconv.prove.sets.text import check_names

    try:
        check_names((text,))
    except ClaimError:
        return False
    return text.isidentifier()
