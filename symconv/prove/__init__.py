"""Provers: each settles claims in its own way, and none knows another."""
