"""The engine of access tables: a claim at its sizes, decided entry by entry."""
