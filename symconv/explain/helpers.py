"""The plain NumPy functions that a written-out counterexample may call, as text."""

from __future__ import annotations

HELPERS: dict[str, str] = {
    "pad": '''\
def pad(x, pads, value=0):
    """Grow by the positive pads, then crop by the negative ones."""
    x = np.pad(x, [(max(a, 0), max(b, 0)) for a, b in pads], constant_values=value)
    return x[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, pads))]
''',
    "rearrange": '''\
def rearrange(x, factors, order, groups):
    """Split each axis (None: what is left of it), permute, and merge so many at a time."""
    sizes = []
    for n, parts in zip(x.shape, factors):
        known = int(np.prod([f for f in parts if f]))
        sizes += [f or n // known for f in parts]
    x = x.reshape(sizes).transpose(order)
    ends = np.cumsum([0, *groups])
    return x.reshape([int(np.prod(x.shape[a:b])) for a, b in zip(ends, ends[1:])])
''',
    "dilate": '''\
def dilate(x, factors):
    """Zeros between samples."""
    y = np.zeros([f * (n - 1) + 1 for f, n in zip(factors, x.shape)], x.dtype)
    y[tuple(slice(None, None, f) for f in factors)] = x
    return y
''',
    "conv": '''\
def conv(x, w, stride, pads, dilation, groups):
    """A convolution by its definition: one strided slice a tap."""
    if isinstance(pads, str):
        pads = same(x.shape[1:], w.shape[2:], stride, dilation, pads)
    x = pad(x, [(0, 0), *pads])
    out = [(n - d * (k - 1) - 1) // s + 1
           for n, k, s, d in zip(x.shape[1:], w.shape[2:], stride, dilation)]
    y, c = np.zeros((len(w), *out), x.dtype), w.shape[1]
    for tap in np.ndindex(*w.shape[2:]):
        part = x[(slice(None), *(slice(d * k, d * k + s * (o - 1) + 1, s)
                                 for k, s, d, o in zip(tap, stride, dilation, out)))]
        for g, rows in enumerate(np.split(np.arange(len(w)), groups)):
            y[rows] += np.tensordot(w[rows][(..., *tap)], part[g * c:(g + 1) * c], 1)
    return y


def same(size, kernel, stride, dilation, which):
    """TensorFlow's SAME: the odd sample at the end (same) or in front (same_lower)."""
    ends = []
    for n, k, s, d in zip(size, kernel, stride, dilation):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pair = (total // 2, total - total // 2)
        ends.append(pair if which == "same" else pair[::-1])
    return ends
''',
    "conv_transpose": '''\
def conv_transpose(x, w, stride, pads, extra, dilation, groups):
    """Each input adds its kernel to the output, which is then cropped."""
    spans = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilation)]
    full = [(n - 1) * s + span for n, s, span in zip(x.shape[1:], stride, spans)]
    y = np.zeros((w.shape[1] * groups, *full), x.dtype)
    c, m = len(w) // groups, w.shape[1]
    for tap in np.ndindex(*w.shape[2:]):
        place = tuple(slice(d * k, d * k + (n - 1) * s + 1, s)
                      for n, s, d, k in zip(x.shape[1:], stride, dilation, tap))
        for g in range(groups):
            rows = w[g * c:(g + 1) * c][(..., *tap)]
            y[(slice(g * m, (g + 1) * m), *place)] += np.tensordot(
                rows.T, x[g * c:(g + 1) * c], 1)
    return pad(y, [(0, 0), *((-a, more - b) for (a, b), more in zip(pads, extra))])
''',
    "conv_as_kernel": '''\
def conv_as_kernel(x, w, stride, pads, dilation):
    """w (M, C, *K) convolved with x (C, *N) as its kernel: each output is one product summed."""
    w = pad(w, [(0, 0), (0, 0), *pads])
    out = [(k - d * (n - 1) - 1) // s + 1
           for k, n, s, d in zip(w.shape[2:], x.shape[1:], stride, dilation)]
    y = np.zeros((len(w), *out), x.dtype)
    for o in np.ndindex(*out):
        read = tuple(slice(s * i, s * i + d * (n - 1) + 1, d)
                     for i, s, d, n in zip(o, stride, dilation, x.shape[1:]))
        y[(..., *o)] = (w[(slice(None), slice(None), *read)] * x).reshape(len(w), -1).sum(1)
    return y
''',
}
NEEDS = {"conv": ("pad",), "conv_transpose": ("pad",), "conv_as_kernel": ("pad",)}
