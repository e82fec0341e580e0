"""Faults as their users meet them: one line on standard error, or one JSON object, and a status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn, TextIO

import click

from symconv.cli import output
from symconv.cli.results import BAD_INPUT, CONTRADICTION, failure, one_line, summary
from symconv.errors import InputError, InternalError, shortened

INTERRUPTED = 130
"""128 and the signal's number, as a shell says it."""
NOBODY_READS = 141


class Commands(click.Group):
    """A group of commands whose faults are one line and exit status 2, never a traceback.

    With ``--json`` the line is the one result of the one object on standard output.
    """

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run a command line and exit with its status."""
        arguments = list(sys.argv[1:] if args is None else args) or ["--help"]
        extra["standalone_mode"] = False
        _occupy_closed()
        try:
            _require_output()
            code = super().main(arguments, **extra)
        except click.Abort:
            click.echo("symconv: interrupted", err=True)
            code = INTERRUPTED
        except Exception as fault:  # noqa: BLE001 - whatever it is, it gets one line
            code = _tell(fault, "--json" in arguments)
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader that has gone away ends it in silence."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _write_nowhere()
            return ctx.exit(NOBODY_READS)


def _occupy_closed() -> None:
    """Open the null device for each of the three standard files that is closed.

    Otherwise the next file that is opened takes its number, and gets what a library prints.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _require_output() -> None:
    if sys.stdout is None:
        raise InputError("standard output is closed; redirect it to a file, or to /dev/null")


def _tell(fault: Exception, as_json: bool) -> int:
    """Say what went wrong, where somebody listens, and give the status."""
    message = _usage(fault) if isinstance(fault, click.ClickException) else one_line(fault)
    try:
        if as_json and sys.stdout is not None:
            results = [failure("symconv", message)]
            output.print_json(results, summary(results, 0.0))
        else:
            output.print_fault(message)
    except OSError:
        # Nothing can be printed there; what waits to be flushed would fail again at the end.
        _write_nowhere()
        _last_words(message)
    return CONTRADICTION if isinstance(fault, InternalError) else BAD_INPUT


def _last_words(message: str) -> None:
    try:
        output.print_fault(message)
    except OSError:
        _write_nowhere(sys.stderr)


def _usage(fault: click.ClickException) -> str:
    context = getattr(fault, "ctx", None)
    advice = f"; see {context.command_path} --help" if context else ""
    return f"{shortened(fault.format_message().rstrip('.'))}{advice}"


def _write_nowhere(stream: TextIO | None = None) -> None:
    """Let what is still to be flushed go nowhere, so that the interpreter ends without a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):  # a stream that is not a file
        os.dup2(nowhere, (stream or sys.stdout).fileno())
