"""Verbs on model files: two of them compared, and one converted."""
