"""Sizes and numbers: integers, exact fractions, and expressions in named sizes."""
