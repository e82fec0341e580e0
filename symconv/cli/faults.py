"""Faults as their users meet them: one line on standard error, or one JSON object, and a status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from symconv.cli import output
from symconv.cli.results import BAD_INPUT, CONTRADICTION, failure, one_line, summary
from symconv.errors import InternalError

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
        try:
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


def _tell(fault: Exception, as_json: bool) -> int:
    message = _usage(fault) if isinstance(fault, click.ClickException) else one_line(fault)
    if as_json:
        results = [failure("symconv", message)]
        output.print_json(results, summary(results, 0.0))
    else:
        output.print_fault(message)
    return CONTRADICTION if isinstance(fault, InternalError) else BAD_INPUT


def _usage(fault: click.ClickException) -> str:
    context = getattr(fault, "ctx", None)
    advice = f"; see {context.command_path} --help" if context else ""
    return f"{fault.format_message().rstrip('.')}{advice}"


def _write_nowhere() -> None:
    """Let what is still to be flushed go nowhere, so that the interpreter ends without a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
