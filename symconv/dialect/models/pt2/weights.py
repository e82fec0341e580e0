"""The weights of an exported program: raw bytes beside a JSON that tells their forms."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from symconv.dialect.models.opening import MOST_WEIGHT, json_member, member
from symconv.errors import InputError, Unsupported
from symconv.layer.padding import is_int
from symconv.machine.files import MOST_BYTES
from symconv.network.model import Array

DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    12: "bool",
}
"""Element types by torch's serial numbers (``torch._export.serde.schema.ScalarType``)."""

MOST_FOLDED = 4
"""How much larger unpacked weights may be than their archive: real numbers fold less than that."""

MOST_SIZE = 2**48
"""A size or a place that no weight of 2 GB reaches; products of thirty-two are still exact."""

CONFIGS = (
    ("data/weights/", "model_weights_config.json"),
    ("data/constants/", "model_constants_config.json"),
)


def read_weights(archive: zipfile.ZipFile, top: str) -> dict[str, Array]:
    """Read all parameters, buffers and constants of an archive by their names.

    Raises:
        InputError: one is missing, or holds fewer bytes than its form asks for.
        Unsupported: one is pickled, or of a type that NumPy has not.
    """
    found: dict[str, Array] = {}
    left = min(MOST_WEIGHT, MOST_FOLDED * archive.start_dir + MOST_BYTES)
    for folder, name in CONFIGS:
        if f"{top}{folder}{name}" not in archive.namelist():
            continue
        entries = json_member(archive, f"{top}{folder}{name}")
        entries = entries.get("config") if isinstance(entries, Mapping) else None
        if not isinstance(entries, Mapping):
            raise InputError(f"{name} holds no 'config'")
        for key, entry in entries.items():
            array = _weight(archive, f"{top}{folder}", key, entry, left)
            left -= array.nbytes
            found[key] = array
    return found


def _weight(archive: zipfile.ZipFile, folder: str, key: str, entry: Any, left: int) -> Array:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("path_name"), str):
        raise InputError(f"weight {key!r} has no path_name")
    if entry.get("use_pickle"):
        raise Unsupported(f"weight {key!r} is pickled, and nothing is unpickled")
    meta = entry.get("tensor_meta")
    if not isinstance(meta, Mapping):
        raise Unsupported(f"weight {key!r} is no tensor")
    data = member(archive, f"{folder}{entry['path_name']}", left)
    try:
        return laid_out(data, meta)
    except (InputError, Unsupported) as fault:
        raise fault.within(f"weight {key!r}") from None


def laid_out(data: bytes, meta: Mapping[str, Any]) -> Array:
    """A tensor in its storage's bytes: its sizes, strides, and where it begins.

    Raises:
        InputError: the bytes are fewer than that.
        Unsupported: its element type is none of NumPy's.
    """
    dtype = dtype_of(meta)
    sizes, strides = (numbers(meta.get(key), key) for key in ("sizes", "strides"))
    (offset,) = numbers([meta.get("storage_offset")], "storage_offset")
    values = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
    if len(sizes) != len(strides) or len(sizes) > 32:
        raise InputError(f"sizes {sizes} and strides {strides} do not fit together")
    if 0 in sizes:
        return np.zeros(sizes, dtype)
    last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    count = int(np.prod(np.array(sizes, dtype=object)))
    if last >= len(values) or count > len(values):
        raise InputError(f"it needs {max(last + 1, count)} values, got {len(values)}")
    steps = [stride * dtype.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(values[offset:], sizes, steps, writeable=False).copy()


def dtype_of(meta: Mapping[str, Any]) -> np.dtype[Any]:
    """The element type of a tensor."""
    number = meta.get("dtype")
    if not is_int(number) or number not in DTYPES:
        raise Unsupported(f"its element type (torch's number {number!r}) is not read")
    return np.dtype(DTYPES[int(number)])


def numbers(value: Any, what: str) -> list[int]:
    """A list of sizes, each ``{"as_int": n}``, none of them negative."""
    entries = value if isinstance(value, list) else [None]
    found: list[Any] = [e.get("as_int") if isinstance(e, Mapping) else None for e in entries]
    if not all(is_int(n) and 0 <= n < MOST_SIZE for n in found):
        raise InputError(f"{what} must be a list of integers, got {value!r}")
    return [int(n) for n in found]
