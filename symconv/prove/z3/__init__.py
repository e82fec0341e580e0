"""Claims for all sizes decided by z3, on paths from outputs back to inputs and weights."""
