"""Integers that refute: sought by evaluation, or read from a difference of tables."""
