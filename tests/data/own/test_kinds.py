"""What a file is, by its content: files made by the libraries that write them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import sqlite3
import tarfile
from typing import Any

import numpy as np
import pytest
import torch

from data.own.kinds import ARCHIVE, PICTURE, TEXT, kind_of
from tests.data.own.packing import packed, png


def written(write) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def tar(mode: Any) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())
    return buffer.getvalue()


def database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a)")
    return connection.serialize()


NOISE = random.Random(0).randbytes(300)
OTHERS: dict[str, tuple[bytes, str]] = {
    "cut.xlsx": (b"PK\x03\x04" + bytes(60), "an Excel workbook. Please save the table in it as CSV"),
    "renamed": (packed({"xl/workbook.xml": b"", "[Content_Types].xml": b""}), "an Excel workbook"),
    "a.ods": (packed({"mimetype": b"", "content.xml": b""}), "an OpenDocument file"),
    "a.docx": (packed({"word/document.xml": b""}), "a Word document"),
    "a.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE, "an old Excel or Word file"),
    "a.npy": (written(lambda file: np.save(file, np.zeros(3))), "a NumPy array"),
    "a.npz": (written(lambda file: np.savez(file, a=np.zeros(3))), "an archive of NumPy arrays"),
    "a.parquet": (b"PAR1\x15\x04" + NOISE + b"PAR1", "a Parquet file"),
    "a.feather": (b"ARROW1\0\0" + NOISE, "a Feather file"),
    "a.pkl": (pickle.dumps([1]), "a pickle of Python"),
    "a.pt": (written(lambda file: torch.save([1], file)), "a file of weights"),
    "a.db": (database(), "an SQLite database"),
    "a.rar": (b"Rar!\x1a\7\1\0" + NOISE, "a RAR archive. Please unpack it"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c\0\4" + NOISE, "a 7z archive"),
    "a.tar": (tar("w"), "a tar archive"),
    "a.tar.gz": (tar("w:gz"), "a compressed file or a .tar.gz archive"),
    "a.csv.gz": (gzip.compress(b"a,b\n"), "a compressed file"),
    "a.csv.bz2": (bz2.compress(b"a,b\n"), "a compressed file"),
    "a.csv.xz": (lzma.compress(b"a,b\n"), "a compressed file"),
    "a.exe": (b"MZ\x90\0\3\0" + NOISE, "a program"),
    "a.pdf": (b"%PDF-1.7\n" + NOISE, "a PDF"),
    "a.mp3": (b"ID3\4\0" + NOISE, "a sound file"),
    "a.mp4": (b"\0\0\0\x18ftypisom" + NOISE, "a video"),
    "a.html": (b"<!DOCTYPE html><p>", "a web page"),
    "a.json": (b' [{"a": 1}]', "a JSON file"),
    "train-images-idx3-ubyte": (b"\0\0\x08\3" + bytes(99), "an IDX file"),
    "a": (NOISE, "no picture, no zip archive and no text"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_cannot_be_read_is_named_and_says_what_to_do(name):
    data, words = OTHERS[name]
    kind, sentence = kind_of(name, data)
    assert kind == "" and sentence.startswith(f"This is {words}") and ". Please " in sentence


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("photo", png(), PICTURE), ("photo.dat", png(kind="BMP"), PICTURE), ("a", png(kind="WEBP"), PICTURE),
        ("a", b"<?xml version='1.0'?>\n<svg></svg>", PICTURE), ("a", b"\0\0\0\x18ftypheic" + NOISE, PICTURE),
        ("a.bin", packed({"a/1.png": png()}), ARCHIVE), ("a.zip", b"cut", ARCHIVE),
        ("iris.data", b"5.1,3.5\n", TEXT), ("a", "größe,ß\n".encode("cp1252"), TEXT),
        ("a", "ж".encode("utf-16"), TEXT),
        # the names of columns that are the signatures of other files
        ("a", b"MZ,intensity\n1,2\n", TEXT), ("a", b"BMI,age\n", TEXT), ("a", b"ID3,PAR1\n", TEXT),
        ("a", b"a,b\n1,\x1b\x07\n" + b"1,2\n" * 9, TEXT), ("broken.csv", NOISE, TEXT),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)  # fmt: skip
def test_what_can_be_read_is_known_without_its_name(name, data, kind):
    assert kind_of(name, data) == (kind, "")
