"""Chains of layers: one square a layer, at their sizes and at all."""
