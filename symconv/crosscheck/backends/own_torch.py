"""PyTorch: its functional layers, up to three spatial axes, and its autograd."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from symconv.crosscheck.arrays import Array, namespace
from symconv.crosscheck.backends.base import Function, Geometry, Pads, SubtractsZeroPoints, backend
from symconv.crosscheck.formats import FORMATS, Arithmetic
from symconv.errors import InternalError, MissingTool, Unsupported

MOST_AXES = 3
"""PyTorch has convolutions and poolings of one to three axes."""

TENSOR_CORE_UNIT = 2.0**-22
"""What one addition of a tensor core loses at most, of the largest magnitude: it cuts off the bits
below float32's last one of the summands and of the sum, which is a unit of 2**-23 for each (Fasi,
Higham, Mikaitis and Pranesh 2021, *Numerical behavior of NVIDIA tensor cores*, section 4)."""

CUT_OFF = 2.0**-10
"""What a factor loses where 10 bits of its fraction are kept and the others cut off."""


@backend("torch")
class TorchBackend(SubtractsZeroPoints):
    """PyTorch on a device."""

    name = "torch"
    dtypes: tuple[str, ...] = ("float64", "float32", "tf32", "float16", "bfloat16", "int8")
    has_layers = True
    has_gradients = True

    def __init__(self, device: str = "cpu") -> None:
        try:
            import torch
        except ImportError as fault:
            raise MissingTool(
                "the torch backend needs PyTorch; install symconv[torch], or use --backend numpy"
            ) from fault
        self._torch, self._f, self.device = torch, torch.nn.functional, device
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise MissingTool(f"device {device!r} was asked for; this PyTorch sees no GPU, use cpu")
        try:
            torch.zeros(1, device=device).cpu()  # back again, which not every device can
        except (RuntimeError, AssertionError, ImportError, ValueError) as fault:
            line = str(fault).partition("\n")[0]
            raise MissingTool(
                f"device {device!r} was asked for, and PyTorch cannot use it ({line}); use cpu"
            ) from fault
        self.xp = namespace("torch")

    @property
    def is_on_gpu(self) -> bool:
        """Whether the device is a GPU of NVIDIA."""
        return self.device.startswith("cuda")

    @contextmanager
    def session(self, dtype: str) -> Iterator[None]:
        """Without what sums up in another way than `arithmetic` says.

        cuDNN and NNPACK may take Winograd's or Fourier transforms, whose error is not bounded by
        the magnitudes of one window; PyTorch's own kernels sum up products.  In bfloat16 oneDNN is
        off as well: where the last axis of an output has one sample and a stride it computes
        something else, and may crash (pytorch/pytorch, issue 169688).
        """
        backends = self._torch.backends
        before, one_dnn = backends.cuda.matmul.allow_tf32, backends.mkldnn.enabled
        halves = backends.cuda.matmul.allow_fp16_reduced_precision_reduction
        brains = backends.cuda.matmul.allow_bf16_reduced_precision_reduction
        with ExitStack() as stack:
            stack.enter_context(backends.nnpack.flags(enabled=False))
            if self.is_on_gpu:
                stack.enter_context(backends.cudnn.flags(enabled=False))
            try:
                backends.mkldnn.enabled = one_dnn and dtype != "bfloat16"
                backends.cuda.matmul.allow_tf32 = dtype == "tf32"
                backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
                backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
                yield
            except InternalError:
                raise
            except RuntimeError as fault:
                line = str(fault).partition("\n")[0]
                raise Unsupported(f"PyTorch on {self.device} does not run it: {line}") from fault
            finally:
                backends.mkldnn.enabled = one_dnn
                backends.cuda.matmul.allow_tf32 = before
                backends.cuda.matmul.allow_fp16_reduced_precision_reduction = halves
                backends.cuda.matmul.allow_bf16_reduced_precision_reduction = brains

    def arithmetic(self, dtype: str) -> Arithmetic:
        single, kept = FORMATS["float32"], FORMATS[dtype]
        unit = TENSOR_CORE_UNIT if self.is_on_gpu else single.unit
        if dtype == "tf32":
            if not self.is_on_gpu:
                raise Unsupported("TF32 is a format of NVIDIA's GPUs; use device cuda, or float32")
            words = "factors cut to TF32's 10 bits, added in float32 by tensor cores, cuDNN off"
            return Arithmetic(single, single, unit, kept, CUT_OFF, words)
        if dtype in ("float16", "bfloat16"):
            how = self._how or (", oneDNN off" if dtype == "bfloat16" else "")
            return Arithmetic(kept, single, unit, named=f"{dtype} added in float32{how}")
        return Arithmetic(kept, kept, kept.unit, named=self._how.removeprefix(" by "))

    @property
    def _how(self) -> str:
        return " by PyTorch's own kernels, cuDNN off" if self.is_on_gpu else ""

    def array(self, values: np.ndarray, dtype: str) -> Array:
        kind = getattr(self._torch, "float32" if dtype == "tf32" else dtype)
        whole = np.asarray(values).dtype.kind in "iub"
        contiguous = np.array(values, np.int64 if whole else np.float64, order="C", copy=True)
        return self._torch.from_numpy(contiguous).to(self.device, kind)

    def numpy(self, array: Array) -> np.ndarray:
        wide = self._torch.float64 if array.dtype.is_floating_point else self._torch.int64
        return np.asarray(array.detach().to("cpu", wide).numpy())

    def full(self, like: Array, shape: Sequence[int], value: float) -> Array:
        return self.xp.full(tuple(shape), value, dtype=like.dtype, device=like.device)

    def pad(self, x: Array, pads: Pads, mode: str, value: float) -> Array:
        flat = [end for pair in reversed(list(pads)) for end in pair]
        if not any(flat):
            return x
        if mode == "zeros":
            grown = self._f.pad(x, [max(end, 0) for end in flat], value=value)
            return self._f.pad(grown, [min(end, 0) for end in flat])
        return self._f.pad(x[None], flat, mode=mode)[0]

    def _layer(self, name: str, rank: int) -> Any:
        if rank > MOST_AXES:
            raise Unsupported(f"PyTorch has layers of 1 to 3 axes, got {rank}; use backend numpy")
        return getattr(self._f, f"{name}{rank}d")

    def conv(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        convolve = self._layer("conv", g.rank)
        if (pads := g.symmetric) is None:
            return None
        return convolve(x[None], w, bias, g.stride, pads, g.dilation, g.groups)[0]

    def conv_transpose(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        convolve = self._layer("conv_transpose", g.rank)
        if (pads := g.symmetric) is None:
            return None
        extra = g.extra or (0,) * g.rank
        return convolve(x[None], w, bias, g.stride, pads, extra, g.groups, g.dilation)[0]

    def max_pool(self, x: Array, g: Geometry) -> Array | None:
        pool = self._layer("max_pool", g.rank)
        if (pads := g.within_half) is None or g.is_wide:
            return None
        if g.is_padded and not g.always_reads(x.shape[1:]):
            return None  # the gradient of a window of pads alone is written outside the input
        return pool(x[None], g.kernel, g.stride, pads, g.dilation, g.ceil)[0]

    def avg_pool(self, x: Array, g: Geometry) -> Array | None:
        pool = self._layer("avg_pool", g.rank)
        if (pads := g.within_half) is None or g.is_wide or g.is_dilated:
            return None
        try:
            return pool(x[None], g.kernel, g.stride, pads, g.ceil, g.counts_pads)[0]
        except NotImplementedError:  # of float16 over three axes there is none on a processor
            return None

    def gradients(
        self, function: Function, leaves: Sequence[Array], cotangent: Array
    ) -> list[Array]:
        given = [leaf.detach().requires_grad_() for leaf in leaves]
        found = self._torch.autograd.grad(function(*given), given, cotangent, allow_unused=True)
        pairs = zip(found, given, strict=True)
        return [self._torch.zeros_like(leaf) if g is None else g for g, leaf in pairs]

    def wait(self, array: Array) -> None:
        if self.is_on_gpu:
            self._torch.cuda.synchronize(self.device)

    def versions(self) -> dict[str, str]:
        found = {"torch": str(self._torch.__version__), "python": platform.python_version()}
        if self.is_on_gpu:
            found["gpu"] = str(self._torch.cuda.get_device_name(self.device))
            found["cuda"] = str(self._torch.version.cuda)
        return found
