"""The plain NumPy functions that a written-out counterexample may call, as text.

They share no line with symconv.  Channels and taps whose numbers are all zero are left out of the
sums, so that a layer of many channels costs what its few entries cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

HELPERS: dict[str, str] = {
    "each": '''\
def each(value, rank):
    """One value per axis."""
    return list(value) if isinstance(value, (list, tuple)) else [value] * rank
''',
    "ends": '''\
def ends(pads, size, kernel, stride, dilation):
    """One pair (lo, hi) per axis; SAME puts the odd sample at the end, same_lower in front."""
    if not isinstance(pads, str):
        return [p if isinstance(p, tuple) else (p, p) for p in each(pads, len(size))]
    found = []
    for n, k, s, d in zip(size, kernel, stride, dilation):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pair = (total // 2, total - total // 2)
        found.append(pair if pads == "same" else pair[::-1])
    return found
''',
    "pad": '''\
def pad(x, pads, value=0, mode="constant"):
    """Grow by the positive pads, crop by the negative ones; "wrap" goes round what is left."""
    grow = [(max(a, 0), max(b, 0)) for a, b in pads]
    if mode == "wrap":
        return np.pad(x[tuple(slice(max(-a, 0), n + min(b, 0))
                              for n, (a, b) in zip(x.shape, pads))], grow, mode)
    if mode == "constant":
        x = x if isinstance(value, int) else x.astype(object)
        x = np.pad(x, grow, constant_values=np.array(value, x.dtype))
    else:
        x = np.pad(x, grow, mode)
    return x[tuple(slice(max(-a, 0), n + min(b, 0)) for n, (a, b) in zip(x.shape, pads))]
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
    "cosets": '''\
def cosets(x, matrix, representatives, start, size):
    """y[..., c * R + r, q] = x[..., c, A (q + start) + representative r], zero outside x."""
    lead, box = x.shape[:-len(size)], x.shape[-len(size):]
    y = np.zeros((*lead, len(representatives), *size), x.dtype)
    for q in np.ndindex(*size):
        for r, point in enumerate(representatives):
            at = [sum(a * (i + s) for a, i, s in zip(row, q, start)) + p
                  for row, p in zip(matrix, point)]
            if all(0 <= v < n for v, n in zip(at, box)):
                y[(..., r, *q)] = x[(..., *at)]
    return y.reshape(*lead[:-1], -1, *size)
''',
    "within": '''\
def within(x, matrix, start, size):
    """x, and zero at every q whose A (q + start) lies outside the box [0, size)."""
    y = x.copy()
    for q in np.ndindex(*x.shape[-len(size):]):
        at = [sum(a * (i + s) for a, i, s in zip(row, q, start)) for row in matrix]
        if not all(0 <= v < n for v, n in zip(at, size)):
            y[(..., *q)] = 0
    return y
''',
    "scale": '''\
def scale(x, factors):
    """Each named axis times one factor per position."""
    for axis, values in factors.items():
        shape = [-1 if a == axis else 1 for a in range(x.ndim)]
        x = x * np.array(values, object).reshape(shape)
    return x
''',
    "taps": '''\
def taps(first, out, stride):
    """What the tap that starts at `first` reads on each axis, for all outputs."""
    return tuple(slice(a, a + s * (o - 1) + 1, s) for a, o, s in zip(first, out, stride))
''',
    "biased": '''\
def biased(y, bias):
    """One number added per channel."""
    return y + bias.reshape(-1, *[1] * (y.ndim - 1))
''',
    "conv": '''\
def conv(x, w, stride=1, pads=0, dilation=1, groups=1, value=0, mode="constant"):
    """A convolution by its definition: one strided slice per tap."""
    rank, kernel = x.ndim - 1, w.shape[2:]
    stride, dilation = each(stride, rank), each(dilation, rank)
    x = pad(x, [(0, 0), *ends(pads, x.shape[1:], kernel, stride, dilation)], value, mode)
    out = [(n - d * (k - 1) - 1) // s + 1
           for n, k, s, d in zip(x.shape[1:], kernel, stride, dilation)]
    y = np.zeros((len(w), *out), np.result_type(x, w))
    m, c = len(w) // groups, w.shape[1]
    full = (x != 0).reshape(len(x), -1).any(1)
    for tap in np.ndindex(*kernel):
        part = x[(slice(None), *taps([d * k for d, k in zip(dilation, tap)], out, stride))]
        for g in range(groups):
            rows = w[g * m:(g + 1) * m][(..., *tap)]
            live = np.flatnonzero((rows != 0).any(0) & full[g * c:(g + 1) * c])
            if len(live):
                y[g * m:(g + 1) * m] += np.tensordot(rows[:, live], part[g * c + live], 1)
    return y
''',
    "conv_transpose": '''\
def conv_transpose(x, w, stride=1, pads=0, extra=0, dilation=1, groups=1):
    """Each input adds its kernel to the output, which is then cropped."""
    rank = x.ndim - 1
    stride, dilation = each(stride, rank), each(dilation, rank)
    spans = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilation)]
    full = [(n - 1) * s + span for n, s, span in zip(x.shape[1:], stride, spans)]
    y = np.zeros((w.shape[1] * groups, *full), np.result_type(x, w))
    c, m = len(w) // groups, w.shape[1]
    heard = (x != 0).reshape(len(x), -1).any(1)
    for tap in np.ndindex(*w.shape[2:]):
        place = taps([d * k for d, k in zip(dilation, tap)], x.shape[1:], stride)
        for g in range(groups):
            rows = w[g * c:(g + 1) * c][(..., *tap)]
            live = np.flatnonzero((rows != 0).any(1) & heard[g * c:(g + 1) * c])
            if len(live):
                y[(slice(g * m, (g + 1) * m), *place)] += np.tensordot(
                    rows[live].T, x[g * c + live], 1)
    crops = same_crops(pads, spans, stride) if isinstance(pads, str) else [
        p if isinstance(p, tuple) else (p, p) for p in each(pads, rank)]
    return pad(y, [(0, 0), *((-a, e - b) for (a, b), e in zip(crops, each(extra, rank)))])
''',
    "same_crops": '''\
def same_crops(which, spans, stride):
    """SAME of a transposed convolution: what leaves `stride` outputs per input."""
    crops = []
    for span, s in zip(spans, stride):
        total = span - s
        pair = (total // 2, total - total // 2)
        crops.append((0, total) if total < 0 else pair if which == "same" else pair[::-1])
    return crops
''',
    "conv_as_kernel": '''\
def conv_as_kernel(x, w, stride=1, pads=0, dilation=1):
    """w (M, C, *K) convolved with x (C, *N) as its kernel, entry by entry of x."""
    rank = x.ndim - 1
    stride, dilation = each(stride, rank), each(dilation, rank)
    w = pad(w, [(0, 0), (0, 0), *ends(pads, w.shape[2:], x.shape[1:], stride, dilation)])
    out = [(k - d * (n - 1) - 1) // s + 1
           for k, n, s, d in zip(w.shape[2:], x.shape[1:], stride, dilation)]
    y = np.zeros((len(w), *out), np.result_type(x, w))
    for c, *at in np.argwhere(x != 0).tolist():
        first = [d * i for d, i in zip(dilation, at)]
        y += x[(c, *at)] * w[(slice(None), c, *taps(first, out, stride))]
    return y
''',
    "max_conv": '''\
def max_conv(x, w, stride=1, pads=0, dilation=1, groups=1):
    """The maximum over the taps of w that are not zero; -inf where there is none."""
    rank, kernel = x.ndim - 1, w.shape[2:]
    stride, dilation = each(stride, rank), each(dilation, rank)
    x = pad(x, [(0, 0), *ends(pads, x.shape[1:], kernel, stride, dilation)], -np.inf)
    out = [(n - d * (k - 1) - 1) // s + 1
           for n, k, s, d in zip(x.shape[1:], kernel, stride, dilation)]
    y = np.full((len(w), *out), -np.inf, object)
    for m, c, *tap in np.argwhere(w != 0).tolist():
        channel = m // (len(w) // groups) * w.shape[1] + c
        read = taps([d * k for d, k in zip(dilation, tap)], out, stride)
        y[m] = np.maximum(y[m], x[(channel, *read)])
    return y
''',
    "windows": '''\
def windows(x, kernel, stride, pads, dilation, ceil, inside, beyond):
    """What each tap reads, for all outputs; the last window of `ceil` may hang over the pads."""
    rank = x.ndim - 1
    kernel, dilation = each(kernel, rank), each(dilation, rank)
    stride = kernel if stride is None else each(stride, rank)
    pads = ends(pads, x.shape[1:], kernel, stride, dilation)
    out, more = [], []
    for n, k, s, d, (a, b) in zip(x.shape[1:], kernel, stride, dilation, pads):
        room = n + a + b - d * (k - 1) - 1
        o = -(-room // s) + 1 if ceil else room // s + 1
        out.append(o - 1 if ceil and (o - 1) * s >= n + a else o)
        more.append((0, max((out[-1] - 1) * s - room, 0)))
    x = pad(pad(x, [(0, 0), *pads], inside), [(0, 0), *more], beyond)
    for tap in np.ndindex(*kernel):
        yield x[(slice(None), *taps([d * k for d, k in zip(dilation, tap)], out, stride))]
''',
    "max_pool": '''\
def max_pool(x, kernel, stride=None, pads=0, dilation=1, ceil=False):
    """The maximum of each window; pads are -inf."""
    y = None
    for part in windows(x, kernel, stride, pads, dilation, ceil, -np.inf, -np.inf):
        y = part if y is None else np.maximum(y, part)
    return y
''',
    "avg_pool": '''\
def avg_pool(x, kernel, stride=None, pads=0, ceil=False, include=True, dilation=1, over=None):
    """The mean of each window over the samples, and the pads if `include`; or its sum / `over`."""
    counted = np.ones((1, *x.shape[1:]), int)
    counts = sum(windows(counted, kernel, stride, pads, dilation, ceil, int(include), 0))
    shares = np.frompyfunc(lambda n: Fraction(1, over or n), 1, 1)(counts)
    return sum(windows(x, kernel, stride, pads, dilation, ceil, 0, 0)) * shares
''',
    "adaptive": '''\
def adaptive(x, outputs, pooled):
    """Output i of o reads the samples from floor(i * n / o) to ceil((i + 1) * n / o)."""
    for axis, o in enumerate(each(outputs, x.ndim - 1), 1):
        if o is not None:
            n = x.shape[axis]
            parts = [range(i * n // o, -(-(i + 1) * n // o)) for i in range(o)]
            x = np.stack([pooled(x.take(part, axis), axis) for part in parts], axis)
    return x
''',
    "mean": '''\
def mean(part, axis):
    """The exact mean along an axis."""
    return part.sum(axis) * Fraction(1, part.shape[axis])
''',
}
_CONVOLVED = ("each", "ends", "pad", "taps")
NEEDS: dict[str, tuple[str, ...]] = {
    "conv": _CONVOLVED,
    "conv_transpose": ("each", "pad", "taps", "same_crops"),
    "conv_as_kernel": _CONVOLVED,
    "max_conv": _CONVOLVED,
    "windows": _CONVOLVED,
    "max_pool": ("windows", *_CONVOLVED),
    "avg_pool": ("windows", *_CONVOLVED),
    "adaptive": ("each",),
}


def definitions(used: Iterable[str]) -> Iterator[str]:
    """The text of these helpers and of those that they call, each once."""
    wanted = {name for helper in used for name in (helper, *NEEDS.get(helper, ()))}
    yield from (text for name, text in HELPERS.items() if name in wanted)
