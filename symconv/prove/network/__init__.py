"""Chains of layers: one square per layer, at their sizes and at all."""
