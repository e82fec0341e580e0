"""Bad inputs: files as they lie there, and command lines with what they must say."""

from __future__ import annotations

import gzip
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEM = "'conv i3x20x20 o4 k7 s2 p3'"
LAYER = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "input_size": [9]}
CLAIM: dict[str, Any] = {
    "name": "flipped",
    "input": {"channels": 1, "size": [4]},
    "left": [{"op": "flip", "axes": [1]}] * 2,
    "right": [],
}
CHAIN = {"network": [LAYER, {"op": "relu"}]}
MB = 2**20


def layer(**changes: Any) -> bytes:
    return json.dumps({**LAYER, **changes}).encode()


def claim(**changes: Any) -> bytes:
    return json.dumps({**CLAIM, **changes}).encode()


def raw(key: str, number: str) -> bytes:
    """A layer with an attribute that is written as it stands, whatever Python makes of it."""
    return layer(**{key: "@"}).replace(b'"@"', number.encode())


FILES: dict[str, bytes] = {
    "layer.json": layer(),
    "claim.json": claim(),
    "chain.json": json.dumps(CHAIN).encode(),
    "empty.json": b"",
    "blank.txt": b" \n \n",
    "half.json": b'{"op": "conv"',
    "half.toml": b"op = ",
    "number.json": b"7",
    "null.json": b"null",
    "nothing.json": b'{"layers": []}',
    "unknown.json": b'{"lairs": []}',
    "utf16.json": '{"op": "conv"}'.encode("utf-16"),
    "odd.json": b"\xff\xfe\x00",
    "latin.json": '{"op": "café"}'.encode("latin-1"),
    "nul.json": b'{"op": "conv\0"}',
    "nuls.txt": b"\0" * 1000,
    "model.onnx": bytes(range(256)) * 40,
    "twice.json": b'{"op": "conv", "op": "conv"}',
    "manytwice.json": b"{" + b", ".join(b'"%d": 0' % n for n in range(300_000)) + b', "9": 1}',
    "nan.json": raw("in_channels", "NaN"),
    "infinity.json": raw("stride", "Infinity"),
    "huge_float.json": raw("padding_value", "1e999"),
    "exponent.json": layer(padding_value="1e999999999"),
    "digits.json": raw("stride", "7" * 5000),
    "digits.toml": b"op = 'conv'\nstride = " + b"7" * 5000,
    "digits_in_text.json": layer(padding_value="1/" + "3" * 5000),
    "few_digits.json": raw("stride", "7" * 300),
    "deep.json": b"[" * 100_000 + b"]" * 100_000,
    "deep_object.json": b'{"a":' * 100_000,
    "deep.toml": b"a = " + b"[" * 20_000,
    "deep_claim.json": claim(left="@").replace(b'"@"', b"[" * 900 + b"]" * 900),
    "long_text.json": layer(op="x" * 30 * MB),
    "long_name.json": layer(name="n" * 5000, stride=0),
    "long_key.json": layer(**{"k" * 10_000: 1}),
    "too_long.json": b'"' + b"x" * 100 * MB + b'"',
    "many_values.json": b"[" + b"1," * 8 * MB + b"1]",
    "many_empty.json": b"[" + b"{}," * 5 * MB + b"{}]",
    "many_items.json": b'{"layers": [' + b"7," * 200_000 + b"7]}",
    "many_axes.json": layer(input_size=[9] * 200_000),
    "wide.toml": b"a = 1\n" * 300_000,
    "blanks.gz": gzip.compress(b"\n" * 60 * MB),
    "bomb.json.gz": gzip.compress(b" " * 200 * MB, 1),
    "bomb.gz": gzip.compress(gzip.compress(b"0" * 200 * MB, 1)),
    "cut.json.gz": gzip.compress(layer())[:-3],
    "not.json.gz": b"not gzip",
    "stride.json": layer(stride=0),
    "kernel.json": layer(kernel_size=40),
    "text_stride.json": layer(stride="two"),
    "padding.json": layer(padding=[[1, 1], [1, 1]]),
    "output.json": layer(output_size=[5]),
    "groups.json": layer(groups=3),
    "misspelt.json": layer(strides=2),
    "two_names.json": layer(input_size=["H", "H"]),
    "claim_step.json": claim(right=[{"op": "convolve"}]),
    "claim_repeat.json": claim(right=[{"op": "repeat", "axis": 1, "count": 0}]),
    "claim_axis.json": claim(right=[{"op": "pad", "axis": 4, "padding": [1, 1]}]),
    "claim_clip.json": claim(right=[{"op": "clip", "min": 2, "max": 1}]),
    "claim_legality.json": claim(right=[{"op": "avg_pool", "kernel_size": 2, "dilation": 2}]),
    "claim_value.json": claim(weights={"w": {"value": [[1], [2, 3]]}}),
    "claim_weight.json": claim(right=[{"op": "conv", "weight": "w"}]),
    "claim_input.json": claim(input={"channels": 1, "size": [-4]}),
    "claim_side.json": claim(right={"op": "flip"}),
    "claim_nan.json": claim(weights={"w": {"shape": [1], "fill": float("nan")}}),
    "chain_fit.json": json.dumps({"network": [LAYER, {**LAYER, "in_channels": 5}]}).encode(),
    "chain_names.json": json.dumps({"network": [{"op": "relu"}]}).encode(),
    "long_chain.json": json.dumps({"network": [LAYER, *[{"op": "relu"}] * 100_000]}).encode(),
    "certificate_cut.json": b'{"format": "symconv-certificate/1", "digest": "0"}',
}


@dataclass(frozen=True)
class Bad:
    """A command line, what its line on standard error says, and its status."""

    line: str
    says: str
    status: int = 2
    as_json: bool = True
    """Whether ``--json`` says the same: not where standard output itself is at fault."""


def shell(arguments: str, before: str = "", after: str = "") -> str:
    """The shell's line; ``@`` stands for more arguments."""
    return f"{before}exec @SYMCONV {arguments}{' @' if arguments else ''}{after}"


READING = {
    "empty.json": "is not JSON",
    "blank.txt": "holds no layer",
    "half.json": "is not JSON",
    "half.toml": "is not TOML",
    "number.json": "must hold an object",
    "null.json": "got None",
    "nothing.json": "holds no layer",
    "unknown.json": "did you mean 'layers'?",
    "utf16.json": "needs in_channels",
    "odd.json": "is not text",
    "latin.json": "is not text",
    "nul.json": "Invalid control character",
    "nuls.txt": "no preset",
    "model.onnx": "is not an ONNX model",
    "twice.json": "the key 'op' twice",
    "manytwice.json": "the key '9' twice",
    "nan.json": "NaN is not a number",
    "infinity.json": "Infinity is not a number",
    "huge_float.json": "finite number",
    "exponent.json": "number",
    "digits.json": "400 digits",
    "digits.toml": "400 digits",
    "digits_in_text.json": "400 digits",
    "few_digits.json": "too large",
    "deep.json": "nested too deeply",
    "deep_object.json": "nested too deeply",
    "deep.toml": "nested too deeply",
    "long_text.json": "op must be one of",
    "long_name.json": "stride must be",
    "long_key.json": "has no attribute",
    "too_long.json": "more than 64 MB",
    "many_values.json": "split it",
    "many_empty.json": "split it",
    "many_items.json": "split it",
    "many_axes.json": "axes",
    "wide.toml": "more than 1 MB of TOML",
    "blanks.gz": "holds no layer",
    "bomb.json.gz": "more than 64 MB",
    "bomb.gz": "is not text",
    "cut.json.gz": "cannot be read",
    "not.json.gz": "cannot be read",
    "stride.json": "stride must be an integer of at least 1",
    "kernel.json": "no output position",
    "text_stride.json": "got stride='two'",
    "padding.json": "spatial axes",
    "output.json": "was stated, but",
    "groups.json": "groups",
    "misspelt.json": "did you mean 'stride'?",
    "two_names.json": "names one size twice",
    "chain_fit.json": "in_channels must be 1",
    "chain_names.json": "holds no layer",
    "long_chain.json": "at most 2000",
    "nosuch.json": "no file and no preset",
    "folder": "Is a directory",
    "loop.json": "symbolic link",
    "dangling.json": "No such file",
    "fifo": "nobody writes",
    "/dev/zero": "more than 64 MB",
    "/dev/null": "holds no layer",
}
"""What `symconv prove` says of each file."""

CLAIMS = {
    "claim_repeat.json": "count must be an integer of at least 1, got 0",
    "claim_axis.json": "axis 4 is not one of 2 axes",
    "claim_clip.json": "min must be at most max",
    "claim_value.json": "of one shape",
    "claim_legality.json": "no dilation in PyTorch",
    "claim_step.json": "convolve",
    "claim_weight.json": "no weight 'w'",
    "claim_input.json": "integers of at least 1",
    "claim_side.json": "must be a list",
    "claim_nan.json": "NaN is not a number",
    "deep_claim.json": "",
    "empty.json": "is not JSON",
    "deep.json": "nested too deeply",
    "digits.json": "400 digits",
    "bomb.json.gz": "more than 64 MB",
    "layer.json": "prove it with: symconv prove layer.json",
    "chain.json": "is a chain; prove it with: symconv prove chain.json",
    "certificate.json": "is a certificate; recheck it with: symconv recheck certificate.json",
}
"""What `symconv check` says."""

WRITTEN = {
    "layer.json": "is a layer; prove it with: symconv prove layer.json",
    "claim.json": "is a claim; check it with: symconv check claim.json",
    "chain.json": "is a chain; prove it with: symconv prove chain.json",
    "certificate_cut.json": "exactly the parts",
    "null.json": "exactly the parts",
    "empty.json": "JSON",
    "deep.json": "nested too deeply",
    "digits.json": "digits",
    "too_long.json": "more than 64 MB",
    "bomb.json.gz": "more than 64 MB",
    "folder": "directory",
    "/dev/zero": "more than 64 MB",
    "fifo": "nobody writes",
    "nosuch.json": "No such file",
    "odd.json": "is not text",
    "loop.json": "symbolic link",
}
"""What `symconv recheck` says."""

LAYERS_ONLY = ("prove {}", "expand {}", "show {}", "draw {} -o x.svg")
A_CLAIM = "is a claim; check it with: symconv check claim.json"
A_CERTIFICATE = "is a certificate; recheck it with: symconv recheck certificate.json"

LINES = {
    **{f"prove {name}": Bad(shell(f"prove {name}"), says) for name, says in READING.items()},
    **{f"check {name}": Bad(shell(f"check {name}"), says) for name, says in CLAIMS.items()},
    **{f"recheck {name}": Bad(shell(f"recheck {name}"), says) for name, says in WRITTEN.items()},
    **{f"{verb} a claim": Bad(shell(verb.format("claim.json")), A_CLAIM) for verb in LAYERS_ONLY},
    **{
        f"{verb} a certificate": Bad(shell(verb.format("certificate.json")), A_CERTIFICATE)
        for verb in LAYERS_ONLY
    },
    "crosscheck a certificate": Bad(shell("crosscheck certificate.json"), A_CERTIFICATE),
    "report a certificate": Bad(shell("report certificate.json -o r"), "recheck it with"),
    "a claim on standard input": Bad(shell("prove -", after=" < claim.json"), "symconv check -"),
    "closed standard input": Bad(shell("prove -", after=" <&-"), "standard input is closed"),
    "recheck closed input": Bad(shell("recheck -", after=" <&-"), "standard input is closed"),
    "nothing on standard input": Bad(shell("prove -"), "standard input holds no layer"),
    "bytes on standard input": Bad(shell("prove -", after=" < odd.json"), "is not text"),
    "endless standard input": Bad(shell("prove -", after=" < /dev/zero"), "more than 64 MB"),
    "full output": Bad(
        shell(f"prove {STEM}", after=" > /dev/full"), "No space left", as_json=False
    ),
    "full output of JSON": Bad(
        shell(f"prove {STEM} --json", after=" > /dev/full"), "No space left", as_json=False
    ),
    "full output of a fault": Bad(
        shell("prove nosuch --json", after=" > /dev/full"), "standard output: No", as_json=False
    ),
    "full output of help": Bad(shell("--help", after=" > /dev/full"), "No space", as_json=False),
    "full output of presets": Bad(
        shell("presets", after=" > /dev/full"), "No space", as_json=False
    ),
    "closed output": Bad(shell(f"prove {STEM}", after=" >&-"), "is closed", as_json=False),
    "closed output of JSON": Bad(shell("presets --json", after=" >&-"), "closed", as_json=False),
    "a refutation to a full output": Bad(
        shell("check false.json", after=" > /dev/full"), "No space left", as_json=False
    ),
    "certificate on a full device": Bad(
        shell(f"prove {STEM} --certificate /dev/full"), "/dev/full: No space left"
    ),
    "certificate on a full disk": Bad(
        shell(f"prove {STEM} --certificate kept.json", "ulimit -f 1; "), "kept.json: File too"
    ),
    "report on a full disk": Bad(
        shell(f"report {STEM} -o full", "ulimit -f 1; "), ".tex: File too large"
    ),
    "drawing on a full disk": Bad(
        shell(f"draw {STEM} -o full.svg", "ulimit -f 1; "), "full.svg: File too large"
    ),
    "certificate in a file": Bad(
        shell(f"prove {STEM} --certificate layer.json/c.json"), "layer.json"
    ),
    "certificate in a loop": Bad(
        shell(f"prove {STEM} --certificate loop.json"), "loop.json: Too many levels"
    ),
    "certificate is a folder": Bad(shell(f"prove {STEM} --certificate folder"), "is a directory"),
    "drawing of another ending": Bad(shell(f"draw {STEM} -o x.gif"), "its ending must be one of"),
    "report into a file": Bad(shell(f"report {STEM} -o layer.json"), "is a file"),
    "a factor of many digits": Bad(shell(f"prove {STEM} --factor {'7' * 5000}"), "18 digits"),
    "a factor of no digits": Bad(shell(f"prove {STEM} --factor two"), "positive integers"),
    "a shorthand of many digits": Bad(shell(f"prove 'conv i1x{'9' * 5000} o1 k3'"), "cannot read"),
    "a name of many letters": Bad(shell(f"prove {'x' * 5000}"), "no file and no preset"),
    "no command": Bad(shell("prov layer.json"), "No such command 'prov'", as_json=False),
    "no such option": Bad(shell("prove layer.json --kernle"), "No such option"),
    "kernel for all sizes": Bad(
        shell("prove layer.json --all-sizes --kernel"), "--kernel takes single layers at a size"
    ),
    "keep for all sizes": Bad(
        shell("prove layer.json --all-sizes --keep k"), "--keep takes single layers at a size"
    ),
    "SymPy for all sizes": Bad(
        shell("prove layer.json --all-sizes --symbolic"), "--symbolic takes single layers"
    ),
    "keep of a chain": Bad(shell("prove chain.json --keep k"), "--keep takes single layers"),
    "factors of a claim": Bad(
        shell("report claim.json -o r --factor 2"), "--factor is for layers, not for claims"
    ),
    "factors of theorems": Bad(
        shell("report theorems -o r --factor 2"), "--factor is for layers, not for theorems"
    ),
}


def write_files(folder: Path, certificate: bytes) -> None:
    """Lay out all inputs."""
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / "certificate.json").write_bytes(certificate)
    (folder / "false.json").write_bytes(claim(left=CLAIM["left"][:1]))
    (folder / "folder").mkdir()
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "dangling.json").symlink_to("nowhere.json")
    os.mkfifo(folder / "fifo", stat.S_IRUSR | stat.S_IWUSR)
