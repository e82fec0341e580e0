"""The batch: items in, rows out, whatever becomes of single ones, of a worker, or of the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from time import perf_counter

from symconv.batch.executor import Executor
from symconv.batch.items import Done, Item, Work
from symconv.batch.progress import Progress
from symconv.batch.store import Results, Settled
from symconv.batch.tally import Tally

Seen = Callable[[Done], None]


def run(
    items: Iterable[Item],
    work: Work,
    executor: Executor,
    results: Results,
    progress: Progress,
    see: Seen = lambda _: None,
) -> tuple[Tally, Settled]:
    """Have the work on all items done that have no row yet, and write a row for each as it comes.

    Ctrl-C ends it early: what was settled is in the file, in whole lines.

    Args:
        items: read one by one, as workers need them.
        work: makes the rows.
        executor: has the work done.
        results: where rows go, and where those of an earlier run are.
        progress: is told how far it is.
        see: is shown every row as it is written, but those of an earlier run.

    Returns:
        What it adds up to, and the rows of the file that belong to no item of this input.

    Raises:
        InputError: the file to be resumed is not of results, or of results of other options.
    """
    start, tally, settled = perf_counter(), Tally(), Settled()
    try:
        settled = results.settled()
        with closing(executor.lines(work, _unsettled(items, work, settled, tally))) as lines:
            for done in lines:
                results.write(done.line)
                tally.add(done.verdict, done.internal)
                see(done)
                progress.tell(tally)
        results.open()
    except KeyboardInterrupt:
        tally.interrupted = True
    finally:
        progress.end()
        results.close()
    tally.leftover = 0 if tally.interrupted else len(settled)
    tally.seconds = perf_counter() - start
    return tally, settled


def _unsettled(items: Iterable[Item], work: Work, settled: Settled, tally: Tally) -> Iterator[Item]:
    """The items that have no row yet; the rows of the others are counted."""
    resumed = len(settled)
    for item in items:
        found = settled.take(work.key(item)) if resumed else None
        if found is None:
            yield item
        else:
            tally.add(*found)
            tally.resumed += 1
