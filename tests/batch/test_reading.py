"""Items of sources, streamed: which there are, what is refused, and in how much memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from symconv.batch import reading, streams
from symconv.batch.reading import check_sources, items_of
from symconv.errors import InputError

ITEMS = [
    {"a": [1, {"b": "]}"}]},
    "text, [",
    12,
    None,
    {"s": 'quo"te\\'},
    [],
    {},
    "\u00e9\U0001f600",
]


def texts(path: Path) -> list[Any]:
    found = list(items_of([str(path)]))
    assert [item.index for item in found] == list(range(len(found)))
    assert not any(item.fault for item in found)
    return [json.loads(item.payload) for item in found]


def faults(path: Path) -> list[str]:
    return [item.fault for item in items_of([str(path)])]


FORMS = {
    "lines.jsonl": "\n".join(map(json.dumps, ITEMS)),
    "lines.ndjson": "\r\n\r\n".join(json.dumps(i, ensure_ascii=False) for i in ITEMS) + "\n",
    "array.json": json.dumps(ITEMS),
    "spread.json": "\ufeff " + json.dumps(ITEMS, indent=3) + "\n\n",
    "layers.json": json.dumps({"header": {"x": [1]}, "layers": ITEMS, "comment": "c"}),
    "claims.json": json.dumps({"claims": ITEMS, "name": "n"}, indent=0),
    "configurations.json": json.dumps({"configurations": ITEMS}),
}


@pytest.mark.parametrize("piece", [1, 7, 2**16])
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_form_has_the_same_items(
    name: str, piece: int, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symconv.batch.scanning.PIECE", piece)
    path = tmp_path / (f"{name}.gz" if packed else name)
    data = FORMS[name].encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    assert texts(path) == ITEMS


def test_one_document_is_one_item(tmp_path: Path) -> None:
    path = tmp_path / "stem.json"
    path.write_text('{"op": "conv",\n "name": "x"}')
    (item,) = items_of([str(path)])
    assert (item.name, json.loads(item.payload)) == ("stem", {"op": "conv", "name": "x"})


def test_what_is_no_file_is_an_item_by_itself() -> None:
    found = list(items_of(["resnet50-stem", '[{"op": "conv"}, 2]']))
    assert [json.loads(item.payload) for item in found] == ["resnet50-stem", {"op": "conv"}, 2]
    assert [item.index for item in found] == [0, 1, 2]


BROKEN = {
    "cut off": ("x.json", b'[{"a": 1}, {"b": ', 1, "is not JSON"),
    "cut off behind an item": ("x.json", b'[{"a": 1}', 1, "expected , or ], got its end"),
    "a comma too many": ("x.json", b"[1, 2, ]", 2, "is not JSON"),
    "no colon": ("x.json", b'{"claims" [1]}', 0, "expected :, got '['"),
    "a key that is no text": ("x.json", b"{1: 2}", 0, "expected \", got '1'"),
    "goes on": ("x.json", b"[1]\n[2]", 1, "goes on after its end"),
    "list twice": ("x.json", b'{"claims": [1], "claims": [2]}', 1, "the key 'claims' twice"),
    "name twice": ("x.json", b'{"name": "", "claims": [1], "name": ""}', 1, "key 'name' twice"),
    "another key": ("x.json", b'{"layers": [1], "sizes": 2}', 1, "holds 'sizes' beside a list"),
    "another key first": ("x.json", b'{"sizes": 2, "layers": [1]}', 0, "holds 'sizes' beside"),
    "not UTF-8": ("x.json", b'[1, "\xff\xff"]', 0, "is not text in UTF-8"),
    "too deep": ("x.json", b"[" * 100_000, 0, "nested too deeply"),
    "gzip cut off": ("x.jsonl.gz", gzip.compress(b"1\n2\n")[:-4], 2, "cannot be read"),
    "no gzip": ("x.jsonl.gz", b"1\n2\n", 0, "Not a gzipped file"),
    "empty": ("x.jsonl", b"\n \n", 0, "holds no item"),
    "an empty list": ("x.json", b"[]", 0, "holds no item"),
}


@pytest.mark.parametrize(("name", "data", "before", "words"), BROKEN.values(), ids=list(BROKEN))
def test_a_source_that_breaks_off_is_one_fault_behind_its_items(
    name: str, data: bytes, before: int, words: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    *whole, last = faults(path)
    assert whole == [""] * before
    assert words in last
    after = [item.payload for item in items_of([str(path), "resnet50-stem"])]
    assert after[-1] == b'"resnet50-stem"', "the next source is read all the same"


def test_a_line_that_is_too_long_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ITEM", 100)
    monkeypatch.setattr(reading, "PIECE", 64)
    path = tmp_path / "x.jsonl"
    path.write_text(f'1\n"{"y" * 250}"\n3\n')
    assert [bool(fault) for fault in faults(path)] == [False, True, False]
    path.write_text(f'1\n"{"y" * 2000}"\n3\n')
    assert "cut it" in faults(path)[-1]


def test_a_bomb_is_left_unexploded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FREE", 2**24)
    for name, piece in (("lines.jsonl.gz", b"\n" * 2**20), ("zeros.jsonl.gz", b"0" * 2**20)):
        path = tmp_path / name
        with gzip.open(path, "wb") as file:
            for _ in range(32):
                file.write(piece)
        found = faults(path)
        assert "unpacks to more than" in found[-1] or "cut it" in found[-1]


def test_a_long_array_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    with path.open("w") as file:
        file.write('{"claims": [')
        for number in range(100_000):
            file.write(f'{", " if number else ""}{{"number": {number}, "list": [1, 2, 3]}}')
        file.write("]}")
    tracemalloc.start()
    count = sum(1 for _ in items_of([str(path)]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 2**20, "a few pieces of 64 kB"


def test_what_cannot_be_opened_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        check_sources([str(tmp_path)])
    with pytest.raises(InputError, match="no file and no preset"):
        check_sources(["resnet50-stam"])
    check_sources(["resnet50-stem", "-"])
