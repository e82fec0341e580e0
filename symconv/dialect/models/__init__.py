"""Whole models of other tools: one reader a format, asked in turn by a file's first bytes."""
