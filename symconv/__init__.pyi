"""What `symconv` holds, for type checkers and editors; the package imports most of it late."""

from symconv import torch as torch
from symconv.api import check as check
from symconv.api import prove as prove
from symconv.api import report as report
from symconv.claim import Claim as Claim
from symconv.claim import read_claim as read_claim
from symconv.claim.verdict import Certificate as Certificate
from symconv.claim.verdict import Refuted as Refuted
from symconv.claim.verdict import Undecided as Undecided
from symconv.crosscheck import crosscheck as crosscheck
from symconv.errors import SymconvError as SymconvError
from symconv.expand import Expansion as Expansion
from symconv.expand import destride as destride
from symconv.layer import AvgPool as AvgPool
from symconv.layer import Conv as Conv
from symconv.layer import ConvTranspose as ConvTranspose
from symconv.layer import LatticeConv as LatticeConv
from symconv.layer import MaxPool as MaxPool
from symconv.machine.budget import Budget as Budget
from symconv.models.check import check_models as check_models
from symconv.models.convert import convert as convert
from symconv.models.prove import prove_model as prove_model
from symconv.network import Network as Network
from symconv.network import chain as chain
from symconv.recheck import recheck as recheck
from symconv.replay.layers import evaluate as evaluate
from symconv.replay.run import replay as replay
from symconv.report import draw as draw
from symconv.sharing.tying import tie_graph as tie_graph
from symconv.toeplitz import toeplitz as toeplitz

__version__: str
__all__: list[str]
_LATE: dict[str, str]
_MODULES: set[str]
_ROOMS: set[str]
