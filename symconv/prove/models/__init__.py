"""Two models as one function: every entry of every tensor is a term, and equal terms are shared."""
