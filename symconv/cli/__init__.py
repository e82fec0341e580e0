"""The command line: thin.  Entries come in, results (plain dictionaries) go out."""

from symconv.cli.commands import main

__all__ = ["main"]
