"""``python -m symconv.cli``."""

from symconv.cli.commands import main

main()
