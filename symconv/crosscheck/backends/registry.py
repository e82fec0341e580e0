"""Every backend; a new one is a module of its own here, and a name in this list."""

from __future__ import annotations

from symconv.crosscheck.backends import own_jax, own_numpy, own_onnxruntime, own_torch
from symconv.crosscheck.backends.base import BACKENDS, Backend
from symconv.errors import InputError, Unsupported

REGISTERED = (own_numpy, own_torch, own_jax, own_onnxruntime)
"""The modules whose classes have registered themselves by being imported, in the order shown."""


def backend_of(name: str, device: str = "cpu") -> Backend:
    """Return the backend of this name on a device.

    Raises:
        InputError: there is no such backend, or it does not know the device.
        MissingTool: the framework or the device is not there.
    """
    if name not in BACKENDS:
        raise InputError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")
    return BACKENDS[name](device)


def require_dtype(run: Backend, dtype: str) -> None:
    """Refuse a dtype that the framework does not compute in.

    Raises:
        Unsupported: it does not.
    """
    if dtype not in run.dtypes:
        raise Unsupported(
            f"the {run.name} backend computes in {', '.join(run.dtypes)}, got dtype {dtype!r}; "
            "choose one of them, or backend torch"
        )
