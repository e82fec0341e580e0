"""Very many items, streamed in and out: read one by one, decided by workers, written as they come.

An *item* is one claim, layer or configuration with its place in the input; its *row* is the JSON
object that is written of it; *work* makes the one of the other; an *executor* has it done, in
worker processes of this machine or on a cluster; the *results file* holds a row a line.
"""
