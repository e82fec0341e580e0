"""The engine of squares: a claim cut at functions and maxima, settled part by part."""
