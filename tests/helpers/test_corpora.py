"""The corpora that benchmarks run over: as many as they say, distinct, the same at each call."""

from __future__ import annotations

from collections import Counter

import pytest

from symconv import check, prove
from tests.helpers.audio_zoo import COUNT as LAYERS
from tests.helpers.audio_zoo import audio_layers
from tests.helpers.half_false import COUNT as CLAIMS
from tests.helpers.half_false import half_false
from tests.helpers.lowerings.width_folding import COUNT as FOLDINGS
from tests.helpers.lowerings.width_folding import width_foldings


def test_layers_of_sound() -> None:
    found = audio_layers()
    assert len(found) == LAYERS == 6_876
    assert len({(layer, size) for _, layer, size in found}) == LAYERS
    assert all(min(layer.output_size(size)) > 0 for _, layer, size in found)
    assert found == audio_layers()
    assert sum(len(size) == 1 for _, _, size in found) > 0.9 * LAYERS
    assert max(max(size) for _, _, size in found) >= 480_000


def test_layers_of_sound_are_proved() -> None:
    short = [(layer, size) for _, layer, size in audio_layers() if max(size) < 2_000]
    assert all(prove(*pair, symbolic=False).verdict == "proved" for pair in short[::40])


def test_width_foldings() -> None:
    found = width_foldings()
    assert len({text["name"] for text in found}) == len(found) == FOLDINGS == 12_162
    assert min(Counter(text["stated"] for text in found).values()) > 100


def test_claims_half_of_them_false() -> None:
    found = half_false()
    assert len({text["name"] for text in found}) == len(found) == CLAIMS == 3_000
    assert Counter(text["stated"] for text in found) == {"proved": 1_500, "refuted": 1_500}


@pytest.mark.parametrize("claims", [width_foldings()[::101], half_false()[::33]])
def test_claims_are_as_stated(claims: list[dict[str, object]]) -> None:
    assert [check(text).verdict for text in claims] == [text["stated"] for text in claims]


def test_more_than_there_is_is_refused() -> None:
    for make in (audio_layers, width_foldings, half_false):
        with pytest.raises(ValueError, match=r"there are \d+"):
            make(10**6)
