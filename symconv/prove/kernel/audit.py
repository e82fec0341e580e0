"""The audit: what Coq prints of each theorem and of each definition, held against the pinned text.

``Audit.v`` lists the names.  Coq prints each twice: as people write it, and with nothing left out
(``Set Printing All``), of which a digest is pinned, since two terms may look the same.  Coq is run
with ``-time``, which tells after each answer which command it answered.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from symconv.prove.kernel.compiler import CLOSED

CHANGED = "its statement is not the pinned one"
REDEFINED = "its definition is not the pinned one"
NOT_PINNED = "not pinned"

Query = tuple[str, str]
"""``Check`` for a theorem or ``Print`` for a definition, and the name, such as ``Conv.conv``."""

HEAD = """\
From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require All.

Set Printing Width 1000000.
Set Printing Depth 1000000.
"""

_QUERY = re.compile(r"^(Check|Print) Symconv\.([\w.']+)\.$", re.MULTILINE)
_ANSWERED = re.compile(r"^Chars (\d+) - (\d+) \[.*\] .* secs .*\n?", re.MULTILINE)
_NAME = re.compile(r"(?<![\w.'])(?:Symconv\.)?([A-Za-z]\w*(?:\.[\w']+)+)")
_BARE = re.compile(r"(?<![\w.'])[\w']+(?![\w.'])")
_TYPE = re.compile(r"(?:Record|Inductive|Variant|CoInductive) ")
_PIN = re.compile(r"^Symconv\.(\S+) (\w+)\n((?: .*\n)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """A statement or a definition as Coq prints it, and the digest of all that this leaves out."""

    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Told:
    """What Coq told of one name, and the names of the library that it speaks of."""

    pin: Pin
    is_theorem: bool
    speaks_of: frozenset[str]


def queries(audit: str) -> list[Query]:
    r"""List the names that an audit file asks about.

    >>> queries("Check Symconv.Layer.layer_destride.\nPrint Symconv.Conv.conv.\n")
    [('Check', 'Layer.layer_destride'), ('Print', 'Conv.conv')]
    """
    return [(verb, name) for verb, name in _QUERY.findall(audit)]


def commands(asked: Iterable[Query]) -> str:
    """Write the queries as commands of Coq, a line each."""
    return "".join(f"{verb} Symconv.{name}.\n" for verb, name in asked)


def assumptions(theorems: Iterable[str]) -> str:
    """Ask what all theorems together rest on: so Coq looks through shared proofs but once."""
    lets = "".join(f"  let _ := @Symconv.{name} in\n" for name in theorems)
    return f"Definition theorems :=\n{lets}  tt.\nPrint Assumptions theorems.\n"


def assumptions_of_each(theorems: Iterable[str]) -> str:
    """Ask what each theorem rests on: slower, and needed only where one is not closed."""
    return HEAD + "".join(f"Print Assumptions Symconv.{name}.\n" for name in theorems)


def script(asked: list[Query]) -> str:
    """Write the commands that print every name both ways."""
    lines = commands(asked)
    return f"{HEAD}{lines}Set Printing All.\n{lines}"


def answers(asked: str, output: str) -> Iterator[tuple[str, str]]:
    r"""Give each command of a script its answer, out of what ``coqc -time`` printed.

    >>> list(answers("Check 0. Check I.", "0 : nat\nChars 0 - 8 [Check~0.] 0. secs (0.u,0.s)\n"))
    [('Check 0.', '0 : nat\n')]
    """
    at = 0
    for found in _ANSWERED.finditer(output):
        yield asked[int(found[1]) : int(found[2])], output[at : found.start()]
        at = found.end()


def rests(theorems: list[str], said: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Read what each theorem rests on, out of the answers to `assumptions_of_each`."""
    found = [" ".join(text.split()) for command, text in said if "Print Assumptions" in command]
    return dict(zip(theorems, found, strict=True))


def told(asked: list[Query], output: str, rooms: Iterable[str]) -> dict[str, Told]:
    """Read what Coq told of each name, out of the answers to a `script`.

    ``rooms`` are the library's files: a name in one of them is the library's, asked about or not.
    """
    lines = {line for line in commands(asked).splitlines() if line}
    said = [_plain(text) for command, text in answers(script(asked), output) if command in lines]
    short, full = said[: len(asked)], said[len(asked) :]
    owners = _owners([name for _, name in asked], short)
    own = set(rooms)
    return {
        name: Told(_pin(verb, *texts), verb == "Check", _spoken(texts[1], owners, own) - {name})
        for (verb, name), *texts in zip(asked, short, full, strict=True)
    }


def _plain(answer: str) -> str:
    """An answer on one line, without the remarks on implicit arguments that follow it."""
    return " ".join(answer.partition("\n\n")[0].split())


def _pin(verb: str, short: str, full: str) -> Pin:
    text = short.partition(" : ")[2] if verb == "Check" else short
    return Pin(text, hashlib.sha256(full.encode()).hexdigest()[:16])


def _spoken(full: str, owners: Mapping[str, str], rooms: set[str]) -> frozenset[str]:
    """The library's names in a text, pinned or not; all others are Coq's and MathComp's."""
    found = {name for name in names(full) if name.partition(".")[0] in rooms}
    return frozenset(owners.get(name, name) for name in found)


def names(text: str) -> set[str]:
    """Find the qualified names in a text of Coq, without the library's own first part."""
    return set(_NAME.findall(text))


def _owners(asked: list[str], short: list[str]) -> dict[str, str]:
    """The name under which a name is pinned: constructors and fields are pinned with their type."""
    found = {name: name for name in asked}
    for name, text in zip(asked, short, strict=True):
        if _TYPE.match(text):
            room = name.rpartition(".")[0]
            found |= {f"{room}.{word}": name for word in _BARE.findall(text)} | found
    return found


def pins_text(said: Mapping[str, Told], head: str = "") -> str:
    """Write the pins as a file: a qualified name with its digest, and below it what Coq prints."""
    return head + "".join(
        f"\nSymconv.{name} {found.pin.digest}\n{_wrapped(found.pin.text)}\n"
        for name, found in said.items()
    )


def _wrapped(text: str) -> str:
    indent = " " * 4
    return textwrap.fill(
        text,
        100,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def read_pins(text: str) -> dict[str, Pin]:
    r"""Read the pins of a file.

    >>> read_pins("# a comment\n\nSymconv.A.b 12ab\n    forall n : nat,\n    n = n\n")
    {'A.b': Pin(text='forall n : nat, n = n', digest='12ab')}
    """
    return {name: Pin(" ".join(body.split()), digest) for name, digest, body in _PIN.findall(text)}


def faults(said: Mapping[str, Told], pins: Mapping[str, Pin]) -> list[str]:
    """List where what Coq tells is not what is pinned."""
    spoken = {word for found in said.values() for word in found.speaks_of}
    lines = [f"{name}: {fault}" for name in said if (fault := _own_fault(name, said, pins))]
    lines += [f"{name}: spoken of, and not in the audit" for name in sorted(spoken - said.keys())]
    return lines + [f"{name}: pinned, and not in the audit" for name in pins if name not in said]


def _own_fault(name: str, said: Mapping[str, Told], pins: Mapping[str, Pin]) -> str:
    if name not in pins:
        return NOT_PINNED
    if name in said and pins[name] == said[name].pin:
        return ""
    return CHANGED if name in said and said[name].is_theorem else REDEFINED


def verdicts(
    said: Mapping[str, Told], pins: Mapping[str, Pin], rest: Mapping[str, str]
) -> dict[str, str]:
    """Tell what each theorem rests on, or that it or what it speaks of is not as pinned."""
    return {
        name: rest[name] if rest[name] != CLOSED else _fault(name, said, pins) or CLOSED
        for name, found in said.items()
        if found.is_theorem
    }


def _fault(name: str, said: Mapping[str, Told], pins: Mapping[str, Pin]) -> str:
    if own := _own_fault(name, said, pins):
        return own
    wrong = sorted(word for word in _reached(name, said) if _own_fault(word, said, pins))
    return f"it speaks of {wrong[0]}, whose definition is not the pinned one" if wrong else ""


def _reached(name: str, said: Mapping[str, Told]) -> set[str]:
    """All that a name speaks of, and what that speaks of in turn."""
    found, new = {name}, {name}
    while new:
        new = {word for known in new & said.keys() for word in said[known].speaks_of} - found
        found |= new
    return found - {name}
