"""The formats of reports; to add one is to add its file, which holds a ``FORMAT``."""
