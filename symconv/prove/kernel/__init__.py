"""The engine of the proof kernel: a layer's theorem, compiled by Coq."""
