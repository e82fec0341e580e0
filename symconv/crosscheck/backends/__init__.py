"""Frameworks that a cross-check can ask; each registers itself."""

from symconv.crosscheck.backends.base import BACKENDS, Backend, Geometry
from symconv.crosscheck.backends.registry import backend_of, require_dtype

__all__ = ["BACKENDS", "Backend", "Geometry", "backend_of", "require_dtype"]
