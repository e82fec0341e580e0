"""Results of commands as plain dictionaries, and the exit status that they add up to."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from symconv.errors import (
    ClaimWarning,
    InputError,
    InternalError,
    SymconvError,
    TooLarge,
    shortened,
)

if TYPE_CHECKING:
    from symconv.claim.verdict import Verdict
    from symconv.dialect.config import Config
    from symconv.dialect.files import Entry
    from symconv.expand import Expansion
    from symconv.expand.lattice import LatticeExpansion
    from symconv.report import ReportFiles

Result = dict[str, Any]
Work = Callable[["Entry"], Result]
PROVED, REFUTED, BAD_INPUT, UNDECIDED, CONTRADICTION = range(5)


def each(entries: Iterable[Entry], work: Work) -> Iterator[Result]:
    """One result an entry; a fault becomes an ``error`` result, and the next entry is decided."""
    for entry in entries:
        yield result_of(entry.name, entry, work)


def result_of(name: str, item: Any, work: Callable[[Any], Result]) -> Result:
    """The result of work on an item, whatever comes of it."""
    try:
        return work(item)
    except (MemoryError, TooLarge) as fault:
        return undecided(name, one_line(fault))
    except Exception as fault:  # noqa: BLE001 - one bad item of many stops none of the others
        return {**failure(name, one_line(fault)), **blame(fault)}


@contextmanager
def warned() -> Iterator[Result]:
    """What a result says beside its verdict of what is hardly meant; filled when the block ends."""
    said: Result = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ClaimWarning)
        yield said
    if texts := [str(w.message) for w in caught if issubclass(w.category, ClaimWarning)]:
        said["warnings"] = texts


def blame(fault: Exception) -> Result:
    """What a result says beside its error where the fault is symconv's own; else nothing."""
    return {"internal": True} if isinstance(fault, InternalError) else {}


def undecided(name: str, reason: str) -> Result:
    """The result of an item that took more than it may."""
    said: Result = {"name": name, "verdict": "undecided", "sizes": "these", "method": []}
    return {**said, "reason": reason}


def failure(name: str, message: str) -> Result:
    """The result of an item that could not be read or decided."""
    return {"name": name, "verdict": "error", "error": " ".join(message.split())}


def one_line(fault: Exception) -> str:
    """What a fault says to a user, without a line break.

    >>> one_line(KeyError("k")), one_line(SymconvError("no such layer"))
    ("a fault of symconv itself, please report it: KeyError('k')", 'no such layer')
    """
    if isinstance(fault, SymconvError | InternalError):
        message = str(fault)
    elif isinstance(fault, OSError):
        message = ": ".join(str(part) for part in (fault.filename, fault.strerror) if part)
    elif isinstance(fault, MemoryError):
        message = "it needs more memory than there is; choose a smaller input_size"
    elif isinstance(fault, OverflowError):
        message = "a number is too large to be computed with; choose a smaller one"
    elif isinstance(fault, RecursionError):
        message = "the input is nested too deeply"
    elif isinstance(fault, UnicodeError):
        message = f"the input is not text in UTF-8: {fault}"
    else:
        message = f"a fault of symconv itself, please report it: {fault!r}"
    return " ".join(shortened(message).split())


def of_config(entry: Entry) -> Config:
    """The entry as a layer at a numeric input size.

    Raises:
        SymconvError: the entry could not be read, or its size is named.
    """
    from symconv.dialect.config import Config

    refuse_fault(entry)
    if not isinstance(entry, Config):
        raise InputError(f"{entry.name!r} is a {entry.kind}; this command takes layers")
    if entry.numeric_size is None:
        raise InputError(
            f"input_size={list(entry.input_size)} names a size; give numbers for this command"
        )
    return entry


def refuse_fault(entry: Entry) -> None:
    """Raise what was wrong with an entry that could not be read, or that is of another kind."""
    from symconv.dialect.pasted.base import Fault

    if isinstance(entry, Fault):
        raise InputError(entry.message)


def of_verdict(verdict: Verdict) -> Result:
    """What a verdict says, in the result's words."""
    from symconv.claim.verdict import Certificate, Refuted

    result: Result = {
        "name": verdict.claim.name,
        "verdict": verdict.verdict,
        "sizes": verdict.sizes,
        "method": list(verdict.method) if isinstance(verdict, Certificate | Refuted) else [],
        "seconds": round(verdict.seconds, 6),
    }
    if isinstance(verdict, Certificate):
        if verdict.sizes == "these":
            result["output_size"] = list(verdict.output_shape[1:])
        else:
            result["domain"] = verdict.facts[0].figures["domain"]
        result["facts"] = [fact.to_dict() for fact in verdict.facts]
        result["limits"] = list(verdict.limits)
    elif isinstance(verdict, Refuted):
        result["counterexample"] = verdict.counterexample.to_dict()
        if verdict.holds_on is not None:
            result |= {"fails_on": verdict.fails_on, "holds_on": verdict.holds_on}
        result["sentence"] = verdict.counterexample.sentence()
    else:
        result["reason"] = verdict.reason
    return result


def reported(result: Result, files: ReportFiles) -> Result:
    """A result with the files of its report."""
    paths = [str(path) for path in files.paths]
    notes = {"note": "; ".join(files.notes)} if files.notes else {}
    return {**result, "files": paths, **notes}


def of_refutation(verdict: Verdict, search: bool = True) -> Result:
    """A refutation in words, as a script, and the nearest claim that holds; else nothing."""
    from symconv.claim.verdict import Refuted

    if not isinstance(verdict, Refuted):
        return {}
    from symconv.explain import script, sentence

    result: Result = {"sentence": sentence(verdict), "snippet": script(verdict)}
    if search:
        from symconv.repair import repair

        found = repair(verdict)
        result["repair"] = None if found is None else found.to_dict()
    return result


def of_expansion(expansion: Expansion | LatticeExpansion, name: str) -> dict[str, Any]:
    """The expanded layer, the maps as steps, and the whole claim that ties them together."""
    from symconv.dialect.config import layer_to_dict
    from symconv.expand import Expansion

    phases: dict[str, Any] = {}
    if isinstance(expansion, Expansion):
        phases = {
            "factor_in": list(expansion.factor_in),
            "factor_out": list(expansion.factor_out),
            "residual_stride": list(expansion.residual_stride),
            "order": expansion.order,
        }
    return {
        "layer": layer_to_dict(expansion.layer, expansion.coarse_size),
        **phases,
        "weight": [step.to_dict() for step in expansion.weight_map],
        "bias": [step.to_dict() for step in expansion.bias_map],
        "input": [step.to_dict() for step in expansion.input_map],
        "output": [step.to_dict() for step in expansion.output_map],
        "claim": expansion.claim(name).to_dict(),
    }


def status(results: Iterable[Result]) -> int:
    """The exit status: a contradiction first, a refutation, bad input, what stayed undecided."""
    found = list(results)
    if any(result.get("internal") for result in found):
        return CONTRADICTION
    verdicts = {result.get("verdict") for result in found}
    order = (("refuted", REFUTED), ("error", BAD_INPUT), ("undecided", UNDECIDED))
    return next((code for verdict, code in order if verdict in verdicts), PROVED)


def summary(results: list[Result], seconds: float) -> dict[str, Any]:
    """How many of each verdict, and how long it took."""
    counted = Counter(dict.fromkeys(("proved", "refuted", "undecided", "error"), 0))
    counted.update(result.get("verdict", "done") for result in results)
    return {"total": len(results), **counted, "seconds": round(seconds, 3)}
