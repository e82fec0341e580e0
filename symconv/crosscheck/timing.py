"""What a stride costs on a device: PyTorch's strided layer beside its stride-free one, timed.

The stride-free layer splits its input into phases and merges its output; its kernel is expanded
beforehand, as a deployed model's would be, or in each call, as a model in training does it.
cuDNN is on and may choose its fastest algorithm: these runs are compared by no bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from symconv.expand import destride
from symconv.layer import AnyLayer, Conv

WARM_UP, LEAST_RUNS, MOST_RUNS = 3, 5, 100

Step = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Timing:
    """Median milliseconds of a call, strided and stride-free.

    ``tied`` expands the kernel in each call; ``training`` are forward and backward of both, the
    stride-free one tied.  ``apart`` is the largest difference of the outputs, in parts of the
    largest output: seen, not judged.
    """

    layer: str
    dtype: str
    batch: int
    strided: float
    stride_free: float
    tied: float
    training: tuple[float, float]
    apart: float

    @property
    def ratio(self) -> float:
        """How many times longer the stride-free layer takes; below 1 it gains."""
        return self.stride_free / self.strided

    def to_dict(self) -> dict[str, Any]:
        """The timing's JSON form."""
        return {**asdict(self), "training": list(self.training), "ratio": self.ratio}


def can_time(layer: AnyLayer, size: tuple[int, ...]) -> bool:
    """Whether the layer is one of those that are timed: convolutions padded by zeros."""
    plain = isinstance(layer, Conv) and layer.monoid == "sum" and layer.padding_mode == "zeros"
    return plain and len(size) <= 3 and max(layer.per_axis("stride", len(size))) > 1


def time_layer(
    name: str,
    layer: Conv,
    size: tuple[int, ...],
    dtype: str,
    batch: int,
    device: str,
    seconds: float = 0.2,
) -> Timing:
    """Time one convolution in one dtype at one batch size."""
    import torch

    kind = getattr(torch, "float32" if dtype == "tf32" else dtype)
    sides = _Sides(layer, size, torch.zeros(0, device=device, dtype=kind))
    x = torch.randn(batch, layer.in_channels, *size, device=device, dtype=kind)
    backends = torch.backends
    before = backends.cudnn.benchmark, backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32
    backends.cudnn.benchmark = True
    backends.cudnn.allow_tf32 = backends.cuda.matmul.allow_tf32 = dtype == "tf32"
    try:
        return _timed(name, dtype, batch, sides, x, _Clock(device, seconds))
    finally:
        backends.cudnn.benchmark, backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32 = (
            before
        )


def _timed(name: str, dtype: str, batch: int, sides: _Sides, x: Any, clock: _Clock) -> Timing:
    import torch

    with torch.no_grad():
        kernel = sides.expanded()
        first, second = sides.strided(x).double(), sides.stride_free(x, kernel).double()
        apart = float((first - second).abs().max() / first.abs().max())
        strided = clock.median(lambda: sides.strided(x))
        free = clock.median(lambda: sides.stride_free(x, kernel))
        tied = clock.median(lambda: sides.stride_free(x, sides.expanded()))
    training = (
        clock.median(lambda: sides.strided(x).sum().backward()),
        clock.median(lambda: sides.stride_free(x, sides.expanded()).sum().backward()),
    )
    return Timing(name, dtype, batch, strided, free, tied, training, apart)


class _Sides:
    """Both forms of one convolution, over one weight of PyTorch's."""

    def __init__(self, layer: Conv, size: tuple[int, ...], like: Any) -> None:
        import torch

        self.layer, self.rank = layer, len(size)
        self.axes = destride(layer, size).axes
        self.windows = layer.windows(size)
        shape = layer.weight_shape(self.rank)
        weight = torch.randn(shape, device=like.device, dtype=like.dtype) / 8
        self.weight = torch.nn.Parameter(weight)

    def strided(self, x: Any) -> Any:
        """The layer as it is; pads that differ at both ends are a step of their own."""
        from torch.nn import functional as F

        from symconv.torch.modules import CONVOLUTIONS

        pads = [(int(w.lo), int(w.hi)) for w in self.windows]
        even = all(lo == hi >= 0 for lo, hi in pads)
        if not even:
            x = F.pad(x, [end for pair in reversed(pads) for end in pair])
        own = tuple(lo for lo, _ in pads) if even else 0
        stride, dilation = (self.layer.per_axis(n, self.rank) for n in ("stride", "dilation"))
        convolve = CONVOLUTIONS[self.rank]
        return convolve(x, self.weight, None, stride, own, dilation, self.layer.groups)

    def expanded(self) -> Any:
        """The kernel on phases."""
        from symconv.torch.modules import expanded_kernel

        return expanded_kernel(self.weight, self.axes)

    def stride_free(self, x: Any, kernel: Any) -> Any:
        """Phases, a convolution of stride 1, and one signal again."""
        from symconv.torch.modules import merged, phases, stride_free

        read = phases(x, self.axes, 0.0).flatten(1, 1 + self.rank)
        return merged(stride_free(read, kernel, self.axes, self.layer.groups), self.axes)


class _Clock:
    """Median time of a call: wall time on a GPU, whose queue is emptied before and after each.

    On a processor it is the processor's time, which does not depend on what else it computes.
    """

    def __init__(self, device: str, seconds: float) -> None:
        self.on_gpu, self.seconds = device.startswith("cuda"), seconds
        self.now = time.perf_counter if self.on_gpu else time.process_time

    def _wait(self) -> None:
        if self.on_gpu:
            import torch

            torch.cuda.synchronize()

    def median(self, call: Step) -> float:
        """Milliseconds: at least `LEAST_RUNS` runs after a few that warm up."""
        for _ in range(WARM_UP):
            call()
        found: list[float] = []
        end = self.now() + self.seconds
        while len(found) < LEAST_RUNS or (len(found) < MOST_RUNS and self.now() < end):
            self._wait()
            start = self.now()
            call()
            self._wait()
            found.append(1000 * (self.now() - start))
        return median(found)
