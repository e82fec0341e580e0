"""Layers of models of sound and other signals: 6,876 of them, most of one axis, and many long.

Shapes are those of the papers named at each family, at lengths of real use: speech at 16 kHz up to
30 seconds, music at 44.1 kHz up to 15, mel frames of a vocoder.  Nothing is random: two calls give
the same layers in the same order, all distinct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice, zip_longest

from symconv import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.layer.window import PaddingMode

AnyLayer = Conv | ConvTranspose | MaxPool | AvgPool
Entry = tuple[str, AnyLayer, tuple[int, ...]]
"""A layer with the name of its place, and its input size."""

COUNT = 6_876

SPEECH = [4_000, *range(8_000, 480_001, 8_000)]
"""Samples at 16 kHz: a quarter of a second, and half seconds up to thirty."""

MUSIC = [*range(22_050, 661_501, 22_050)]
"""Samples at 44.1 kHz: half seconds up to ten."""

FRAMES = [32, *range(86, 862, 43)]
"""Mel frames of 256 samples at 22.05 kHz: a training segment of 8,192 samples, and seconds."""


def wav2vec() -> Iterator[Entry]:
    """wav2vec 2.0's and HuBERT's feature encoder and positional convolution.

    Baevski et al. 2020, section 4.2; the encoder of the large models has biases.
    """
    for samples in SPEECH:
        for bias, width in ((False, 768), (True, 1024)):
            n = samples
            for place, (k, s) in enumerate([(10, 5), *[(3, 2)] * 4, *[(2, 2)] * 2]):
                layer = Conv(512 if place else 1, 512, k, s, bias=bias)
                yield f"wav2vec2.conv{place}", layer, (n,)
                n = (n - k) // s + 1
            yield "wav2vec2.pos_conv", Conv(width, width, (128,), 1, 64, groups=16), (n,)


def whisper() -> Iterator[Entry]:
    """Whisper's two convolutions on frames of 10 ms (Radford et al. 2023); v3 has 128 mels."""
    for width in (384, 512, 768, 1024, 1280):
        for mels in (80, 128):
            for frames in range(500, 3_001, 500):
                yield "whisper.conv1", Conv(mels, width, (3,), 1, 1), (frames,)
                yield "whisper.conv2", Conv(width, width, (3,), 2, 1), (frames,)


def causal(
    c: int, m: int, kernel: int, stride: int = 1, dilation: int = 1, mode: PaddingMode = "zeros"
) -> Conv:
    """A convolution that is padded in front only, by what its window reaches back."""
    reach = (kernel - 1) * dilation + 1 - stride
    return Conv(c, m, (kernel,), stride, ((reach, 0),), dilation, padding_mode=mode)


def codec(
    name: str,
    lengths: list[int],
    rates: tuple[int, ...],
    width: int,
    dilations: tuple[int, ...],
    kernel: int,
    mode: PaddingMode,
) -> Iterator[Entry]:
    """Encoder and decoder of a neural codec: residual units, and a stride of each rate."""
    for length in lengths:
        n, c = length, width
        yield f"{name}.first", causal(1, c, 7, mode=mode), (n,)
        for rate in rates:
            for d in dilations:
                yield f"{name}.unit", causal(c, c, kernel, 1, d, mode), (n,)
            yield f"{name}.down", causal(c, 2 * c, 2 * rate, rate, 1, mode), (n,)
            n, c = n // rate, 2 * c
        for rate in reversed(rates):
            up = ConvTranspose(c, c // 2, (2 * rate,), rate, 0)
            yield f"{name}.up", up, (n,)
            n, c = n * rate, c // 2


def encodec() -> Iterator[Entry]:
    """EnCodec at 24 kHz: causal, reflected in front (Defossez et al. 2022, section 3.1)."""
    lengths = [24_000 * seconds for seconds in range(1, 31)]
    return codec("encodec", lengths, (2, 4, 5, 8), 32, (1,), 3, "reflect")


def soundstream() -> Iterator[Entry]:
    """SoundStream: causal, dilations 1, 3, 9 (Zeghidour et al. 2021, figure 3)."""
    lengths = [24_000 * seconds for seconds in range(1, 13)]
    return codec("soundstream", lengths, (2, 4, 5, 8), 32, (1, 3, 9), 7, "zeros")


def descript() -> Iterator[Entry]:
    """The Descript codec at 44.1 kHz: padded at both ends (Kumar et al. 2023)."""
    for length in MUSIC:
        n, c = length // 512 * 512, 64
        for rate in (2, 4, 8, 8):
            for d in (1, 3, 9):
                yield "dac.unit", Conv(c, c, (7,), 1, 3 * d, d), (n,)
            yield "dac.down", Conv(c, 2 * c, (2 * rate,), rate, rate // 2), (n,)
            n, c = n // rate, 2 * c
        c = 1536
        for rate in (8, 8, 4, 2):
            yield "dac.up", ConvTranspose(c, c // 2, (2 * rate,), rate, rate // 2), (n,)
            n, c = n * rate, c // 2


def vocoder(
    name: str, mels: int, width: int, rates: tuple[int, ...], kernels: tuple[int, ...]
) -> Iterator[Entry]:
    """A generator that takes mel frames to samples: transposed, then dilated residual blocks."""
    for frames in FRAMES:
        n, c = frames, width
        yield f"{name}.pre", Conv(mels, c, (7,), 1, 3), (n,)
        for rate, kernel in zip(rates, kernels, strict=True):
            up = ConvTranspose(c, c // 2, (kernel,), rate, (kernel - rate) // 2)
            yield f"{name}.up", up, (n,)
            n, c = n * rate, c // 2
            for k in (3, 7, 11):
                for d in (1, 3, 5):
                    yield f"{name}.block", Conv(c, c, (k,), 1, d * (k - 1) // 2, d), (n,)
        yield f"{name}.post", Conv(c, 1, (7,), 1, 3), (n,)


def hifigan() -> Iterator[Entry]:
    """HiFi-GAN V1 and V2 (Kong et al. 2020, appendix A)."""
    for width in (512, 128):
        yield from vocoder("hifigan", 80, width, (8, 8, 2, 2), (16, 16, 4, 4))


def bigvgan() -> Iterator[Entry]:
    """BigVGAN at 24 kHz, 100 bands (Lee et al. 2023)."""
    return vocoder("bigvgan", 100, 1536, (4, 4, 2, 2, 2, 2), (8, 8, 4, 4, 4, 4))


def discriminators() -> Iterator[Entry]:
    """HiFi-GAN's discriminators of periods and of scales (Kong et al. 2020, section 2.3)."""
    scales = [(1, 128, 15, 1, 1), (128, 128, 41, 2, 4), (128, 256, 41, 2, 16)]
    scales += [(256, 512, 41, 4, 16), (512, 1024, 41, 4, 16), (1024, 1024, 41, 1, 16)]
    for samples in (8_192, *range(22_050, 220_501, 22_050)):
        for period in (2, 3, 5, 7, 11):
            n, c = -(-samples // period), 1
            for m in (32, 128, 512, 1024):
                layer = Conv(c, m, (5, 1), (3, 1), ((2, 2), (0, 0)))
                yield f"mpd{period}.conv", layer, (n, period)
                n, c = (n - 1) // 3 + 1, m
        n = samples
        for c, m, k, s, groups in scales:
            yield "msd.conv", Conv(c, m, (k,), s, k // 2, groups=groups), (n,)
            n = (n - 1) // s + 1
        yield "msd.pool", AvgPool((4,), 2, 2), (samples,)


def melgan() -> Iterator[Entry]:
    """MelGAN's generator: dilations 1, 3, 9, reflected (Kumar et al. 2019, appendix)."""
    for frames in FRAMES:
        n, c = frames, 512
        for rate in (8, 8, 2, 2):
            yield "melgan.up", ConvTranspose(c, c // 2, (2 * rate,), rate, rate // 2), (n,)
            n, c = n * rate, c // 2
            for d in (1, 3, 9):
                yield "melgan.stack", Conv(c, c, (3,), 1, d, d, padding_mode="reflect"), (n,)


def wavenet() -> Iterator[Entry]:
    """WaveNet's causal stacks, kernel 2, dilations 1 to 512 (van den Oord et al. 2016)."""
    for samples in SPEECH[::2]:
        for width in (32, 64):
            for power in range(10):
                yield "wavenet.dilated", causal(width, 2 * width, 2, 1, 2**power), (samples,)


def tasnet() -> Iterator[Entry]:
    """Conv-TasNet: encoder, depthwise stack, decoder (Luo and Mesgarani 2019, section III)."""
    for samples in SPEECH[:40]:
        frames = (samples - 16) // 8 + 1
        yield "tasnet.encoder", Conv(1, 512, (16,), 8, bias=False), (samples,)
        for power in range(8):
            d = 2**power
            yield "tasnet.depthwise", Conv(512, 512, (3,), 1, d, d, groups=512), (frames,)
        yield "tasnet.decoder", ConvTranspose(512, 1, (16,), 8, bias=False), (frames,)


def demucs() -> Iterator[Entry]:
    """Demucs on stereo music: kernel 8, stride 4, six levels (Defossez et al. 2019)."""
    for samples in MUSIC:
        n, c = samples, 2
        sizes = []
        for level in range(6):
            m = 64 * 2**level
            yield f"demucs.encoder{level}", Conv(c, m, (8,), 4), (n,)
            sizes.append((c, m))
            n, c = (n - 8) // 4 + 1, m
        for c, m in reversed(sizes):
            yield "demucs.decoder", ConvTranspose(m, c, (8,), 4), (n,)
            n = (n - 1) * 4 + 8


def raw_waveforms() -> Iterator[Entry]:
    """M5's first layers on waveforms: kernel 80, stride 4, poolings of 4 (Dai et al. 2017)."""
    for samples in range(8_000, 64_001, 2_000):
        n, c = samples, 1
        for m, k, s in ((128, 80, 4), (128, 3, 1), (256, 3, 1), (512, 3, 1)):
            yield "m5.conv", Conv(c, m, (k,), s), (n,)
            n = (n - k) // s + 1
            yield "m5.pool", MaxPool((4,), channels=m), (n,)
            n, c = n // 4, m


def electrodes() -> Iterator[Entry]:
    """EEGNet-8,2 on electrodes by samples (Lawhern et al. 2018, table 2)."""
    for electrodes in (22, 32, 64):
        for samples in range(128, 1_153, 128):
            yield (
                "eegnet.temporal",
                Conv(1, 8, (1, 64), 1, "same", bias=False),
                (
                    electrodes,
                    samples,
                ),
            )
            spatial = Conv(8, 16, (electrodes, 1), groups=8, bias=False)
            yield "eegnet.spatial", spatial, (electrodes, samples)
            yield "eegnet.pool", AvgPool((1, 4), channels=16), (1, samples)
            yield (
                "eegnet.separable",
                Conv(16, 16, (1, 16), 1, "same", groups=16),
                (
                    1,
                    samples // 4,
                ),
            )


FAMILIES: tuple[Callable[[], Iterator[Entry]], ...] = (
    *(wav2vec, whisper, encodec, soundstream, descript, hifigan, bigvgan, discriminators),
    *(melgan, wavenet, tasnet, demucs, raw_waveforms, electrodes),
)


def audio_layers(count: int = COUNT) -> list[Entry]:
    """Return so many layers, one of each family in turn as long as it has any.

    Raises:
        ValueError: there are not so many.
    """
    turns = chain.from_iterable(zip_longest(*(family() for family in FAMILIES)))
    distinct = {(entry[1], entry[2]): entry for entry in turns if entry is not None}
    found = list(islice(distinct.values(), count))
    if len(found) < count:
        raise ValueError(f"there are {len(found)} distinct layers, asked for {count}")
    return found
