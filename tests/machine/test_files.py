"""Files in and out: what is read is bounded, what is written is whole or not there."""

from __future__ import annotations

import errno
import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from symconv.errors import LayerError, SymconvError, shortened
from symconv.machine import files
from symconv.machine.files import read_json, read_text, write_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, "one")
    path.chmod(0o640)
    write_file(path, b"two")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o640)
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_nothing_else(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "elsewhere")

    path = tmp_path / "file"
    write_file(path, "old")
    owner: object = os if call == "fsync" else Path
    monkeypatch.setattr(owner, call, full)
    with pytest.raises(OSError, match="No space left") as fault:
        write_file(path, "new")
    assert fault.value.filename == str(path)
    assert (path.read_text(), names(tmp_path)) == ("old", ["file"])


def test_an_interrupt_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "file", "new")
    assert names(tmp_path) == []


def test_links_and_devices_stay_what_they_are(tmp_path: Path) -> None:
    link, there = tmp_path / "link", tmp_path / "there"
    link.symlink_to("there")
    write_file(link, "text")
    assert (link.is_symlink(), there.read_text()) == (True, "text")
    write_file("/dev/null", "text")
    assert not Path("/dev/null").is_file()
    with pytest.raises(OSError, match="No space left") as fault:
        write_file("/dev/full", "text")
    assert fault.value.filename == "/dev/full"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        write_file(loop, "text")
    with pytest.raises(IsADirectoryError):
        write_file(tmp_path, "text")
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "no" / "file", "text")
    assert loop.is_symlink()
    assert names(tmp_path) == ["loop"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_text_in_every_encoding_of_json(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes('{"a": "é"}'.encode(encoding))
    assert read_json(read_text(str(path)), "it") == {"a": "é"}


def test_what_is_unpacked_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.gz"
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    path.write_bytes(gzip.compress(b"x" * 1000))
    assert read_text(str(path)) == "x" * 1000
    path.write_bytes(gzip.compress(b"x" * 500) + gzip.compress(b"x" * 501))
    with pytest.raises(LayerError, match="split it into several files"):
        read_text(str(path))


def test_a_pipe_is_read_once_somebody_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Timer(0.1, lambda: path.write_text("text" * 50_000))
    writer.start()
    assert read_text(str(path)) == "text" * 50_000
    writer.join()
    monkeypatch.setattr(files, "WAIT", 0.1)
    with pytest.raises(LayerError, match="nobody writes to this pipe"):
        read_text(str(path))


def test_a_shell_may_hand_over_a_pipe() -> None:
    code = "import sys; from symconv.machine.files import read_text; print(read_text(sys.argv[1]))"
    line = f"{sys.executable} -c '{code}' <(sleep 0.2; echo text)"
    done = subprocess.run(["/bin/bash", "-c", line], capture_output=True, timeout=60)
    assert done.stdout.strip() == b"text"


REFUSED = {
    "NaN": ('{"a": NaN}', "NaN is not a number of JSON"),
    "infinity": ("Infinity", "Infinity is not a number of JSON"),
    "a key twice": ('{"a": {"b": 1, "b": 1}}', "holds the key 'b' twice"),
    "too many digits": ("1" * 401, "limit of 400 digits"),
    "too many values": ("[" + "1," * 5_000_000 + "1]", "would take about"),
    "too wide": ('["' + "x" * 30_000_000 + '\N{GRINNING FACE}"]', "would take about"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=list(REFUSED))
def test_json_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(LayerError, match=message) as fault:
        read_json(text, "it")
    assert len(str(fault.value)) < 300


def test_json_that_is_read() -> None:
    assert read_json("[-Infinity, " + "1" * 400 + "]", "it") == [float("-inf"), int("1" * 400)]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x" * 81, False),
        ("x" * 70, True),
        (list(range(100)), False),
        ([1, 2, 3], True),
        ({"a": ["it's"] * 20}, False),
        ((1,) * 50, False),
        (10**90, False),
        (10**70, True),
        ("a b " * 100, False),
    ],
)
def test_a_value_is_shortened_and_the_words_around_it_are_not(value: object, kept: bool) -> None:
    words = "the layer's size (such as 7, or a list of one for each of its spatial axes, or a name)"
    message = str(SymconvError(f"{words} must be a number, got {value!r}; write a number"))
    assert message.startswith(f"{words} must be a number, got ")
    assert message.endswith("; write a number")
    assert (repr(value) in message) == kept
    assert len(message) < len(words) + 140


def test_a_path_stays_whole_and_a_message_has_an_end() -> None:
    path = "/home/" + "folder/" * 20 + "x.json"
    assert path in shortened(f"{path} cannot be read")
    assert len(shortened("word " * 10_000)) < 2000
    assert len(shortened(json.dumps({"a": "'"} | {str(n): "[" for n in range(9999)}))) < 2000
