"""Layers as other tools print them: one file a tool, found by the name ``DIALECT`` in it."""
