"""What a user would do instead: a dense SymPy matrix, and a scipy.sparse matrix of labels.

Written from the definitions alone; nothing of symconv is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from scipy import sparse


def strided_labels(n: int, kernel: int, stride: int, pad: int, channels: int = 3) -> Any:
    """One output channel of a square strided convolution in CSR; entries number the taps."""
    out = (n + 2 * pad - kernel) // stride + 1
    c, k1, k2, o1, o2 = np.meshgrid(
        *map(np.arange, (channels, kernel, kernel, out, out)), indexing="ij"
    )
    i1, i2 = stride * o1 + k1 - pad, stride * o2 + k2 - pad
    live = (i1 >= 0) & (i1 < n) & (i2 >= 0) & (i2 < n)
    label = 1 + (c * kernel + k1) * kernel + k2
    rows, columns = o1 * out + o2, (c * n + i1) * n + i2
    shape = (out * out, channels * n * n)
    return sparse.csr_matrix((label[live], (rows[live], columns[live])), shape=shape)


def expanded_labels(n: int, kernel: int, stride: int, pad: int, channels: int = 3) -> Any:
    """The stride-free convolution on phases times the phase permutation, with the tied labels."""
    out, coarse = (n + 2 * pad - kernel) // stride + 1, -(-n // stride)
    c, k1, k2, o1, o2 = np.meshgrid(
        *map(np.arange, (channels, kernel, kernel, out, out)), indexing="ij"
    )
    (q1, r1), (q2, r2) = np.divmod(k1 - pad, stride), np.divmod(k2 - pad, stride)
    a, b = o1 + q1, o2 + q2
    live = (a >= 0) & (a < coarse) & (b >= 0) & (b < coarse)
    phase = (c * stride + r1) * stride + r2
    label = 1 + (c * kernel + k1) * kernel + k2
    columns = (phase * coarse + a) * coarse + b
    taps = sparse.csr_matrix(
        (label[live], ((o1 * out + o2)[live], columns[live])),
        shape=(out * out, channels * (stride * coarse) ** 2),
    )
    return taps @ phase_permutation(n, stride, channels)


def phase_permutation(n: int, stride: int, channels: int) -> Any:
    """Space-to-depth of a square signal as a 0/1 CSR matrix."""
    coarse = -(-n // stride)
    c, i1, i2 = np.meshgrid(*map(np.arange, (channels, n, n)), indexing="ij")
    (a, r1), (b, r2) = np.divmod(i1, stride), np.divmod(i2, stride)
    rows = (((c * stride + r1) * stride + r2) * coarse + a) * coarse + b
    columns = (c * n + i1) * n + i2
    ones = np.ones(rows.size, dtype=np.int64)
    shape = (channels * (stride * coarse) ** 2, channels * n * n)
    return sparse.csr_matrix((ones, (rows.ravel(), columns.ravel())), shape=shape)


def scipy_equal(n: int, kernel: int, stride: int, pad: int) -> bool:
    """Build both label matrices and compare them entry by entry."""
    left, right = (make(n, kernel, stride, pad) for make in (strided_labels, expanded_labels))
    return bool((left != right).nnz == 0)


def dense_sympy_equal(n: int, kernel: int, stride: int, pad: int) -> bool:
    """The same with dense SymPy matrices of symbols, one input channel."""
    symbols = [sympy.Integer(0), *sympy.symbols(f"w1:{kernel * kernel + 1}")]
    left, right = (
        sympy.Matrix(
            [[symbols[v] for v in row] for row in make(n, kernel, stride, pad, 1).toarray()]
        )
        for make in (strided_labels, expanded_labels)
    )
    return bool(left == right)
