"""The edge where other people's layer configurations come in."""
