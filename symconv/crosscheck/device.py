"""One prepared script for a device: ``python -m symconv.crosscheck.device --device cuda``.

It needs NumPy and PyTorch, and nothing else.  Presets and layers of real models are compared in
both modes and in every dtype of the device, with gradients; then strided layers are timed beside
their stride-free equals.  Each stage has a share of the time, and says how far it came.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from symconv.crosscheck import EXACT, MOST_PRODUCTS, ROUNDING, Observation, crosscheck
from symconv.crosscheck.backends import backend_of
from symconv.crosscheck.tables import Record, Tally, markdown
from symconv.crosscheck.timing import can_time, time_layer
from symconv.dialect.config import Config, read_layer
from symconv.dialect.presets import PRESETS, preset
from symconv.errors import InputError, SymconvError, Unsupported

ZOO = Path("tests/data/zoo.json.gz")
"""Layers of real models, from the folder of the project."""

SHARES = {"comparisons of presets": 0.3, "zoo layers": 0.35, "timings": 0.35}
"""Of the time that is given."""

BATCHES = (1, 64)
ON_A_PROCESSOR = ("float32", "bfloat16")
"""What is timed there: most have no arithmetic in float16."""

TIMED = ("resnet50-stem", "alexnet-conv1", "vit-b16-patch", "yolov5-stem", "convnext-downsample")


class Stages:
    """Runs the stages one after another, each until its share of the time is over.

    A GPU has ten times the products of a layer before its channels are cut, a processor a tenth;
    and on a processor it is its own time that counts.
    """

    def __init__(self, record: Record, device: str, seconds: float) -> None:
        self.record, self.device, self.seconds = record, device, seconds
        on_gpu = device.startswith("cuda")
        self.now = time.perf_counter if on_gpu else time.process_time
        self.most_products = MOST_PRODUCTS * (10 if on_gpu else 1) // (1 if on_gpu else 10)
        self.tallies: dict[tuple[str, str, str], Tally] = {}

    def within(self, stage: str, items: Sequence[Any]) -> Iterator[Any]:
        """The items, as many as the stage's time allows; how many is noted."""
        self.record.asked[stage], self.record.done[stage] = len(items), 0
        end = self.now() + SHARES[stage] * self.seconds
        for item in items:
            if self.now() > end:
                break
            yield item
            self.record.done[stage] += 1

    def compare(self, stage: str, config: Config, dtype: str, mode: str) -> None:
        """Compare one layer, with gradients where those can be compared, and count it."""
        key = stage, dtype, mode
        if key not in self.tallies:
            self.tallies[key] = Tally(*key)
            self.record.tallies.append(self.tallies[key])
        tally = self.tallies[key]
        try:
            tally.add(config.name, self._observed(tally, config, dtype, mode))
        except SymconvError as fault:
            tally.refused[str(fault)] += 1

    def _observed(self, tally: Tally, config: Config, dtype: str, mode: str) -> Observation:
        size = config.numeric_size or ()
        layer = config.windowed("crosscheck")
        told: dict[str, Any] = {
            "backend": "torch",
            "device": self.device,
            "mode": mode,
            "dtype": dtype,
            "most_products": self.most_products,
        }
        try:
            return crosscheck(layer, size, gradients=True, **told)
        except Unsupported as fault:
            tally.refused[str(fault)] += 1
            return crosscheck(layer, size, **told)

    def time(self, config: Config, dtype: str, batch: int) -> None:
        """Time one layer; where it does not fit the device, that is noted."""
        layer: Any = config.windowed("crosscheck")
        told = config.name, layer, config.numeric_size or (), dtype, batch, self.device
        try:
            self.record.timings.append(time_layer(*told))
        except RuntimeError as fault:  # PyTorch's own, as where memory is short
            line = str(fault).partition("\n")[0]
            self.record.notes.append(f"{config.name}, {dtype}, batch {batch}: {line}")


def recorded(device: str, layers: int, seconds: float, zoo: Path, batches: Sequence[int]) -> Record:
    """Run all stages on a device.

    Raises:
        InputError: the file of layers is not there.
        MissingTool: PyTorch or the device is not there.
    """
    start = time.perf_counter()
    backend = backend_of("torch", device)
    on_gpu = device.startswith("cuda")
    dtypes = ("float32", "float16", "bfloat16", *(("tf32",) if on_gpu else ()))
    if not on_gpu:
        one_thread()
    record = Record(device, backend.versions(), _command(device, layers, seconds, batches))
    stages = Stages(record, device, seconds)
    pairs = [(dtype, mode) for dtype in (*dtypes, "float64") for mode in (EXACT, ROUNDING)]
    presets, chosen = [preset(name) for name in PRESETS], _strided(zoo, layers)
    _compare_presets(stages, presets, pairs)
    _compare_zoo(stages, chosen, pairs)
    _time(stages, presets, dtypes if on_gpu else ON_A_PROCESSOR, batches)
    record.seconds = time.perf_counter() - start
    return record


def one_thread() -> None:
    """On a processor one thread computes, so that its time is the time of a call."""
    import torch

    torch.set_num_threads(1)


def _compare_presets(
    stages: Stages, presets: Sequence[Config], pairs: Sequence[tuple[str, str]]
) -> None:
    """Every preset in every dtype and mode; where time is short all of them in the first ones."""
    items = [(config, *pair) for pair in pairs for config in presets]
    for item in stages.within("comparisons of presets", items):
        stages.compare("presets", *item)


def _compare_zoo(
    stages: Stages, configs: Sequence[Config], pairs: Sequence[tuple[str, str]]
) -> None:
    """Every layer in one dtype and mode, which take turns."""
    turns = cycle(pairs)
    for config in stages.within("zoo layers", configs):
        stages.compare("zoo layers", config, *next(turns))


def _time(
    stages: Stages, presets: Sequence[Config], dtypes: Sequence[str], batches: Sequence[int]
) -> None:
    """Well-known stems first, then what else among the presets is a strided convolution."""
    fit = [p for p in presets if can_time(p.windowed("crosscheck"), p.numeric_size or ())]
    fit.sort(key=lambda p: TIMED.index(p.name) if p.name in TIMED else len(TIMED))
    asked = [(p, dtype, batch) for p in fit for dtype in dtypes for batch in batches]
    for item in stages.within("timings", asked):
        stages.time(*item)


def _strided(path: Path, count: int) -> list[Config]:
    """So many strided layers of real models, evenly spread over all of them."""
    strided = _read_strided(path)
    step = max(len(strided) / max(count, 1), 1.0)
    chosen = [strided[int(number * step)] for number in range(min(count, len(strided)))]
    return [read_layer(text) for text in chosen]


def _read_strided(path: Path) -> list[Any]:
    """Every strided layer of a file of layers.

    Raises:
        InputError: it is not there, or is no such file.
    """
    try:
        layers = json.loads(gzip.decompress(path.read_bytes()))["layers"]
        return [text for text in layers if max(text["stride"]) > 1]
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError) as fault:
        known = isinstance(fault, OSError) and fault.strerror
        raise InputError(
            f"{path}: {known or 'not JSON of layers, packed by gzip'}; run this in the project's "
            "folder, or give --zoo FILE"
        ) from fault


def _command(device: str, layers: int, seconds: float, batches: Sequence[int]) -> str:
    timed = "" if tuple(batches) == BATCHES else "".join(f" --batch {n}" for n in batches)
    asked = f"--device {device} --layers {layers} --seconds {seconds:g}{timed}"
    return f"python -m symconv.crosscheck.device {asked}"


def require_writable(folder: Path) -> None:
    """Refuse a folder that nothing can be written into, before anything is compared.

    Raises:
        InputError: it cannot be made, or it takes no file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as fault:
        raise InputError(
            f"the report was to be written into {folder}: {fault.strerror}; give another -o FOLDER"
        ) from fault


def write(record: Record, folder: Path) -> list[Path]:
    """Write the record as JSON and as a page, ``crosscheck-<device>``; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"crosscheck-{record.device.replace(':', '-')}"
    texts = {
        f"{stem}.json": json.dumps(record.to_dict(), indent=1) + "\n",
        f"{stem}.md": markdown(record),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


def main(words: Sequence[str] | None = None, show: Callable[[str], Any] | None = None) -> int:
    """Run the script, and return its exit status.

    It is 0 if everything agreed, 1 if something did not, 2 if it cannot run, and 3 if a stage
    compared nothing.
    """
    show = show or (lambda text: sys.stdout.write(text + "\n"))
    asked = _parser().parse_args(words)
    try:
        require_writable(asked.output)
        record = recorded(
            asked.device, asked.layers, asked.seconds, asked.zoo, asked.batch or BATCHES
        )
        written = write(record, asked.output)
    except (SymconvError, OSError) as fault:
        show(f"symconv: {' '.join(str(fault).split())}")
        return 2
    for path in written:
        show(f"wrote {path}")
    for stage in record.idle:
        show(
            f"symconv: {stage}: 0 of {record.asked[stage]} were compared; give more --seconds, or "
            "see below what was refused"
        )
    show(markdown(record))
    return 1 if record.outside else 3 if record.idle else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m symconv.crosscheck.device",
        description="Compare and time strided layers and their stride-free equals on a device.",
    )
    parser.add_argument("--device", default="cuda", help="cpu, cuda or cuda:N; cuda by default")
    parser.add_argument("--layers", type=int, default=500, help="how many layers of real models")
    parser.add_argument(
        "--seconds",
        type=float,
        default=240.0,
        help="how long it may take; of a processor's own time on cpu",
    )
    parser.add_argument("--batch", type=int, action="append", help="a batch size to time; 1 and 64")
    parser.add_argument("--zoo", type=Path, default=ZOO, help=f"layers of real models; {ZOO}")
    parser.add_argument("-o", "--output", type=Path, default=Path("reports"), help="a folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
