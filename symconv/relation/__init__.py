"""The one denotation: what layers and pipelines mean, as sums of products of relations.

An *index* (`Leg`) ranges over ``0 <= index < size``.  An axis of a tensor is a tuple of indices,
its *digits*, most significant first.  A *relation* says which values of some indices belong
together: an input, an output and a tap; a new position and the old one it reads; a number and its
digits.  A *term* is a product of tensors and relations, summed over the indices that stand on no
output axis; a *form* is a sum of terms, or their maximum.

Sizes are numbers or expressions.  Nothing here holds a table or writes a formula: the engines lower
relations to both.
"""
