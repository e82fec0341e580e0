"""The engine of SymPy matrices: the identity of operators, entry by entry."""
