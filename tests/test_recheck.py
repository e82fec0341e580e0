"""The rechecker agrees with the prover on truth and faults, and rejects what was changed."""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

import pytest

from symconv.claim import digest, read_claim
from symconv.errors import SymconvError
from symconv.prove.concrete import settle
from symconv.recheck import CertificateError, recheck
from symconv.recheck.settle import same_function
from symconv.verdict import Certificate
from tests.planted import FAULTS, random_expansion

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
            verdict = settle(read_claim(text))
        except SymconvError:
            continue
        equal, shape = same_function(json.loads(json.dumps(text)))
        assert equal == isinstance(verdict, Certificate), json.dumps(text)
        seen[equal] += 1
    assert min(seen.values()) > ROUNDS // 10
