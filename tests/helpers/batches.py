"""Work for batches that does what an item says: answer, sleep, die, grow."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from symconv.batch.executor import Executor
from symconv.batch.items import Item, Key, Row, key_of
from symconv.batch.progress import Progress
from symconv.batch.run import run
from symconv.batch.store import Results
from symconv.batch.tally import Tally


@dataclass(frozen=True)
class Obeying:
    """Do what the item's object says, and answer with its number."""

    seconds: float = 30.0
    asked: dict[str, Any] = field(default_factory=dict)
    own: tuple[str, ...] = ()

    def prepare(self) -> None:
        """There is nothing to load."""

    def key(self, item: Item) -> Key:
        """By its bytes, and its place."""
        return key_of(_digest(item), item.index)

    def row(self, item: Item) -> Row:
        """Obey, and say that it is done."""
        said, start = json.loads(item.payload), time.monotonic()
        if "sleep" in said:
            time.sleep(said["sleep"])
        if "spin" in said:
            _spin(said["spin"])
        _end(said)
        if "fork" in said and os.fork() == 0:
            _as_copy(said["fork"])
        if "interrupt" in said:
            os.kill(os.getppid(), signal.SIGINT)
        if "grow" in said:
            _HELD.append(bytearray(os.urandom(said["grow"])))
        late = time.monotonic() - start > said.get("within", 600)
        return {**self._row(item, "undecided" if late else "proved"), "pid": os.getpid()}

    def lost(self, item: Item, verdict: str, why: str) -> Row:
        """Say why there is no answer."""
        return {**self._row(item, verdict), "why": why}

    def _row(self, item: Item, verdict: str) -> Row:
        return {"index": item.index, "digest": _digest(item), "verdict": verdict}


def _as_copy(what: str) -> None:
    """What the copy of a worker does: raise, stay for a while, or go on."""
    if what == "raise":
        raise KeyboardInterrupt
    if what == "stay":
        time.sleep(20)
        os._exit(0)


def _end(said: dict[str, Any]) -> None:
    """End this process as is said; by a signal only once, where a file is to tell that it was."""
    if "exit" in said:
        os._exit(said["exit"])
    if "kill" in said:
        os.kill(os.getpid(), signal.SIGKILL)
    if "signal" in said and not (said["once"] and os.path.exists(said["once"])):
        Path(said["once"] or os.devnull).touch()
        os.kill(os.getpid(), said["signal"])


def _spin(seconds: float) -> None:
    """Work so long, not counting what passes while this process is stopped."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


_HELD: list[bytearray] = []


def _digest(item: Item) -> str:
    return hashlib.sha256(item.payload).hexdigest()


def orders(many: Iterable[Any]) -> Iterator[Item]:
    """Items, each of an object."""
    for index, one in enumerate(many):
        yield Item(index, f"item {index}", json.dumps(one).encode())


def run_orders(
    many: Iterable[Any],
    executor: Executor,
    path: Path,
    *,
    seconds: float = 30.0,
    resume: bool = False,
) -> tuple[Tally, list[Row]]:
    """Run a batch and give what it adds up to, and the rows of its file in the items' order."""
    work = Obeying(seconds)
    results = Results(path, {}, resume)
    tally, _ = run(orders(many), work, executor, results, Progress(lambda: None, quiet=True))
    return tally, sorted(rows_in(path), key=lambda row: row["index"])


def rows_in(path: Path) -> list[Row]:
    """Every line of a file, which has to be a whole row."""
    text = path.read_text()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def lines_of(path: Path) -> Counter[str]:
    """The lines of a file, whatever their order."""
    return Counter(path.read_text().splitlines())
