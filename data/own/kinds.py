"""What a visitor's file is, judged by its content: a picture, a zip archive, a text, or something that cannot
be read here, with a sentence that names it and says what to do.
"""

from __future__ import annotations

import io
import zipfile

from data.own.text import decoded
from data.own.zips import has_too_many, is_zip
from language import _

PICTURE, ARCHIVE, TEXT = "picture", "archive", "text"
PICTURE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp",
    ".heic", ".heif", ".avif", ".tif", ".tiff", ".svg", ".jp2", ".jxl",  # each refused with its own sentence
)  # fmt: skip
TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".data", ".dat")

_AS_CSV = _("This is {kind}. Please save the table in it as CSV and upload that.")
_AS_CSV_OR_PNG = _(
    "This is {kind}. Please write a table as CSV (pandas: to_csv), or pictures as PNG, and upload those."
)
_UNPACK = _("This is {kind}. Please unpack it and upload the files in it, or pack them as a zip archive.")
_EXPORT = _("This is {kind}. Please save the table in it as CSV, or the pictures as PNG, and upload those.")
_NO_DATA = _("This is {kind}. Please upload pictures, a zip archive of them, or a table as CSV.")
_STILL = _("This is {kind}. Please save single pictures of it as PNG or JPEG and upload those.")

_PICTURES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+",
    b"8BPS",
    b"\0\0\1\0", b"\0\0\2\0", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"\0\0\0\x0cJXL ", b"\xff\x0a", b"qoif",
    b"SIMPLE  =", b"\xc5\xd0\xd3\xc6",
)  # fmt: skip
"""How pictures begin; `data.own.picture` reads them or says why not."""
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_BINARY: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"\xd0\xcf\x11\xe0",), _AS_CSV.format(kind=_("an old Excel or Word file"))),
    ((b"PAR1",), _AS_CSV_OR_PNG.format(kind=_("a Parquet file"))),
    ((b"ARROW1", b"FEA1"), _AS_CSV_OR_PNG.format(kind=_("a Feather file"))),
    ((b"\x93NUMPY",), _AS_CSV_OR_PNG.format(kind=_("a NumPy array"))),
    ((b"\x89HDF\r\n", b"MATLAB 5"), _AS_CSV_OR_PNG.format(kind=_("an HDF5 or MATLAB file"))),
    ((b"SQLite format 3\0",), _AS_CSV_OR_PNG.format(kind=_("an SQLite database"))),
    ((b"$FL2", b"$FL3", b"<stata_dta>"), _AS_CSV.format(kind=_("an SPSS or Stata file"))),
    ((b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"), _AS_CSV_OR_PNG.format(kind=_("a pickle of Python"))),
    ((b"\0\0\x08\1", b"\0\0\x08\3"), _AS_CSV_OR_PNG.format(kind=_("an IDX file, as of MNIST"))),
    ((b"Rar!",), _UNPACK.format(kind=_("a RAR archive"))),
    ((b"7z\xbc\xaf\x27\x1c",), _UNPACK.format(kind=_("a 7z archive"))),
    (
        (b"\x1f\x8b", b"BZh9", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"LZIP", b"\x5d\0\0"),
        _UNPACK.format(kind=_("a compressed file or a .tar.gz archive")),
    ),
    (
        (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\0asm"),
        _NO_DATA.format(kind=_("a program")),
    ),
    (
        (b"ID3", b"\xff\xfb", b"\xff\xf3", b"OggS", b"fLaC", b"MThd"),
        _NO_DATA.format(kind=_("a sound file")),
    ),
    ((b"\x1a\x45\xdf\xa3", b"FLV\1"), _STILL.format(kind=_("a video"))),
)
"""How files that are not text begin, and what to do about each."""
_TAR = (257, b"ustar")
_WAVES = {b"WAVE": _NO_DATA.format(kind=_("a sound file")), b"AVI ": _STILL.format(kind=_("a video"))}
_PACKAGES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("xl/", (".xlsx", ".xlsm", ".xlsb"), _AS_CSV.format(kind=_("an Excel workbook"))),
    (
        "content.xml",
        (".ods", ".odt", ".odp"),
        _AS_CSV.format(kind=_("an OpenDocument file, as of LibreOffice")),
    ),
    ("Index/Document.iwa", (".numbers", ".pages", ".key"), _AS_CSV.format(kind=_("a document of Apple's"))),
    ("word/document.xml", (".docx",), _EXPORT.format(kind=_("a Word document"))),
    ("ppt/presentation.xml", (".pptx",), _EXPORT.format(kind=_("a PowerPoint file"))),
    ("data.pkl", (".pt", ".pth"), _NO_DATA.format(kind=_("a file of weights"))),
    ("META-INF/", (".jar", ".apk", ".epub"), _NO_DATA.format(kind=_("a package of a program or a book"))),
)
"""Zip archives that are something else: how one of the paths in them begins or ends, and their endings."""
_ARRAYS = _AS_CSV_OR_PNG.format(kind=_("an archive of NumPy arrays"))
_TEXTS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"%pdf",), _EXPORT.format(kind=_("a PDF"))),
    ((b"%!ps",), _EXPORT.format(kind=_("a PostScript file"))),
    ((b"{\\rtf",), _EXPORT.format(kind=_("a text document (RTF)"))),
    ((b"<!doctype html", b"<html"), _EXPORT.format(kind=_("a web page"))),
    ((b"<?xml", b"<!--"), _AS_CSV_OR_PNG.format(kind=_("an XML file"))),
    ((b'{"', b'[{"', b"[["), _AS_CSV_OR_PNG.format(kind=_("a JSON file"))),
)
_UNKNOWN = _NO_DATA.format(kind=_("no picture, no zip archive and no text"))
_PRINTABLE = bytes({*range(32, 256)} | {*b"\t\n\v\f\r"})
_ENOUGH = 2**16
"""Bytes that tell the kind of a file."""


def kind_of(name: str, data: bytes) -> tuple[str, str]:
    """PICTURE, ARCHIVE or TEXT and "", or "" and a sentence about a file that is none of them. A file called
    a picture counts as one, unless it is an archive.

    data: the whole file, of which only an archive is read beyond its beginning.
    """
    if is_zip(name, data):
        sentence = _package(name, data)
        return ("", sentence) if sentence else (ARCHIVE, "")
    if is_picture(data) or name.lower().endswith(PICTURE_ENDINGS):
        return PICTURE, ""  # if it is none after all, `data.own.picture` says so
    start = _start(data)
    for beginnings, sentence in _TEXTS:
        if start.startswith(beginnings):
            return "", sentence
    sentence = "" if is_text(data) else _binary(data)
    if sentence == _UNKNOWN and name.lower().endswith(TABLE_ENDINGS):
        sentence = ""  # what is wrong with the text, `data.own.text` says
    return "" if sentence else TEXT, sentence


def _binary(data: bytes) -> str:
    """The sentence about a file that is neither a zip archive nor a picture nor text."""
    for beginnings, sentence in _BINARY:
        if data.startswith(beginnings):
            return sentence
    if data[_TAR[0] :].startswith(_TAR[1]):
        return _UNPACK.format(kind=_("a tar archive"))
    if data[:4] == b"RIFF" and data[8:12] in _WAVES:
        return _WAVES[data[8:12]]
    return _STILL.format(kind=_("a video")) if data[4:8] == b"ftyp" else _UNKNOWN


def is_picture(data: bytes) -> bool:
    """Whether `data`, of which the first bytes are enough, is a picture of some kind."""
    if data.startswith(_PICTURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return True
    if data.startswith(b"BM") and data[6:10] == bytes(4):  # a table may begin with "BMI"
        return True
    if data[4:8] == b"ftyp" and data[8:12] in _PICTURE_BRANDS:
        return True
    start = _start(data)
    return start.startswith((b"<?xml", b"<svg", b"<!doctype svg", b"<!--")) and b"<svg" in start


def is_text(data: bytes) -> bool:
    """Whether `data` can be a text: in UTF-16 with its mark, or with no zero and few control characters."""
    start = data[:_ENOUGH]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decoded(start[: len(start) // 2 * 2], "utf-16") is not None
    return b"\0" not in start and 20 * len(start.translate(None, _PRINTABLE)) <= len(start)


def _start(data: bytes) -> bytes:
    return data[:_ENOUGH].lstrip(b"\xef\xbb\xbf \t\r\n").lower()


def _package(name: str, data: bytes) -> str:
    """The sentence about a zip archive that is a document, a program or arrays; "" for any other."""
    try:
        with zipfile.ZipFile(io.BytesIO(b"" if has_too_many(data) else data)) as archive:
            paths = archive.namelist()
    except Exception:  # hostile bytes may raise anything; `data.own.zips` says what is wrong
        paths = []
    for path, endings, sentence in _PACKAGES:
        if name.lower().endswith(endings) or any(p.startswith(path) or p.endswith("/" + path) for p in paths):
            return sentence
    return _ARRAYS if paths and all(path.endswith(".npy") for path in paths) else ""
