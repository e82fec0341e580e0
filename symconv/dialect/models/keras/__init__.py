"""Keras models: their JSON, and ``.keras`` archives, read without Keras."""
