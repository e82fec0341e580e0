"""Whole models of other tools: one reader a format, asked in turn by a file's first bytes."""

from symconv.dialect.models.registry import read_model_file

__all__ = ["read_model_file"]
