"""Faults with a name: what was asked, what was found, what to do."""


class SymconvError(ValueError):
    """Any fault that symconv reports about its input; the message is one line."""


class LayerError(SymconvError):
    """A layer's attributes, or a layer together with an input size, make no sense."""


class FactorError(SymconvError):
    """Phase factors and a residual stride break ``E_in * u * t == E_out * s``."""


class ClaimError(SymconvError):
    """A claim's text is ill-formed: a shape, a pattern, a name or a step does not fit."""


class MalformedError(ClaimError):
    """A claim's text is ill-formed at every size: an axis, an entry or a name that cannot be."""


class FoldError(SymconvError):
    """An expanded kernel is not the image of a strided one; the message names two slots."""


class TooLarge(SymconvError):
    """A table that cannot be factorised outgrew the stated memory bound."""


class InternalError(RuntimeError):
    """A fault of symconv itself, never of its input; no verdict was reached.

    It is no `SymconvError`, so that nothing that steps over bad input steps over it.
    """


class ContradictionError(InternalError):
    """Two ways of settling one claim disagree: there is no verdict, and one of them is wrong."""
