"""The one denotation: what layers and pipelines mean, as sums of products of sparse tables."""
