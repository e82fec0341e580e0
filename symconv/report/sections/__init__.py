"""The sections of a report, one function each, from an expansion and a verdict."""
