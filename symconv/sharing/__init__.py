"""Which weights the expanded layers share: the tying graph of a layer, the copies of a chain."""
