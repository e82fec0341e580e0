"""Whole chains: squares of their layers, by tables at numbers and by sets where sizes are named."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.network import Network, NetworkExpansion
from symconv.network.proof import NetworkProof


def decide_network(network: Network, where: Sequence[str] = ()) -> NetworkProof:
    """Prove a chain equal to its stride-free form on phases, one square per layer.

    A layer whose square does not commute because it reads a hidden signal's tail gets a mask in
    front, a fact of the certificate.  ``where`` are conditions on named sizes.

    Raises:
        ClaimError: a condition is ill-formed, or no size satisfies them.
    """
    unmasked = NetworkExpansion(network, where=tuple(where))
    if network.names:
        # isl is loaded where a size is named.
        from symconv.prove.network.for_all_sizes import decide_for_all_sizes

        return decide_for_all_sizes(unmasked).with_mask_facts()
    from symconv.prove.network.at_a_size import decide_at_a_size

    return decide_at_a_size(unmasked).with_mask_facts()
