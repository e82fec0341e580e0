"""Pipelines and layers run in NumPy, exactly; no table of the provers has a part in it."""
