"""The rechecker agrees with the prover on truth and faults, and rejects what was changed."""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

import pytest

from symconv.claim import digest, read_claim
from symconv.claim.verdict import Certificate
from symconv.errors import SymconvError
from symconv.prove.tables.decide import decide_by_tables
from symconv.recheck import CertificateError, recheck
from symconv.recheck.decide import same_function
from tests.helpers.planted import FAULTS, random_expansion

ROUNDS = int(os.environ.get("SYMCONV_RECHECK_ROUNDS", "150"))


def test_recheck_and_prover_agree_on_expansions_true_and_false() -> None:
    rng = random.Random(5)
    seen = {True: 0, False: 0}
    for _ in range(ROUNDS):
        expansion = random_expansion(rng, most_axes=2)
        text: Any = expansion.claim().to_dict()
        if rng.random() < 0.6:
            text = FAULTS[rng.choice(sorted(FAULTS))](text, expansion, rng) or text
        try:
            verdict = decide_by_tables(read_claim(text))
        except SymconvError:
            continue
        equal, _ = same_function(json.loads(json.dumps(text)))
        assert equal == isinstance(verdict, Certificate), json.dumps(text)
        seen[equal] += 1
    assert min(seen.values()) > ROUNDS // 10


def certificate() -> dict[str, Any]:
    """A certificate's text, of a small layer with a bias."""
    from symconv import Conv, prove

    layer = Conv(2, 3, kernel_size=5, stride=2, padding=2)
    verdict = prove(layer, (8, 10))
    assert isinstance(verdict, Certificate)
    body: dict[str, Any] = json.loads(json.dumps(verdict.to_dict()))
    return body


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all numbers, texts and truth values in plain data."""
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in leaves(part, (*path, key))]
    if isinstance(value, list):
        return [leaf for at, part in enumerate(value) for leaf in leaves(part, (*path, at))]
    return [path]


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value}x" if isinstance(value, str) else 1


def put(text: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        text = text[key]
    text[path[-1]] = value


def at(text: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        text = text[key]
    return text


def test_a_certificate_is_proved_again() -> None:
    assert recheck(certificate()).verdict == "proved"


def test_any_change_is_rejected() -> None:
    """Each single number, text or truth value of the certificate, one at a time."""
    whole = certificate()
    paths = leaves(whole)
    assert len(paths) > 60
    for path in paths:
        text = copy.deepcopy(whole)
        put(text, path, changed(at(text, path)))
        with pytest.raises(CertificateError):
            recheck(text)


MATTERS = ("claim", "layer", "output_shape", "verdict", "sizes", "format")
FREE_TEXT = {("claim", "name"), ("layer", "name")}


def test_a_change_with_a_new_digest_is_rejected_where_it_matters() -> None:
    """A forger who knows the digest still has to state something true about the layer."""
    whole = certificate()
    survived = []
    for path in leaves({key: whole[key] for key in MATTERS}):
        if path in FREE_TEXT:
            continue
        text = copy.deepcopy(whole)
        put(text, path, changed(at(text, path)))
        text["digest"] = digest({key: value for key, value in text.items() if key != "digest"})
        try:
            if recheck(text).verdict == "proved":
                survived.append(path)
        except SymconvError:
            continue  # Any refusal will do: the forged text may be nonsense.
    assert survived == []


def test_a_false_claim_with_an_honest_digest_is_refuted() -> None:
    text = certificate()
    text["claim"]["weights"]["w_phases"]["steps"][0]["padding"][2].reverse()
    text["digest"] = digest({key: value for key, value in text.items() if key != "digest"})
    assert recheck(text).verdict == "refuted"


def test_what_is_no_certificate_is_refused_in_one_line() -> None:
    texts: list[Any] = [{}, [], {"format": "symconv-certificate/1"}]
    for text in texts:
        with pytest.raises(CertificateError, match="a certificate has exactly the parts"):
            recheck(text)
