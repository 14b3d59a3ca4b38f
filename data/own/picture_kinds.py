"""What kind of file begins like this? By its first bytes alone: a name says nothing about what is in it."""

from language import _

ALLOWED = ("PNG", "JPEG", "WEBP", "GIF", "BMP")

_NOT_READ = _(
    "This is a {format} file, which this page does not read. Please save it as PNG or JPEG and try again."
)
_VIDEO = _("This is a video. Please upload one picture of it (PNG or JPEG).")
_OTHER_KINDS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _NOT_READ.format(format="TIFF")),
    (
        (b"8BPS",),
        _("This is a Photoshop file, which this page does not read. Please export it as PNG or JPEG."),
    ),
    (
        (b"%PDF",),
        _("This is a PDF, not a picture. Please upload a screenshot of the page as PNG or JPEG."),
    ),
    ((b"%!PS", b"\xc5\xd0\xd3\xc6"), _NOT_READ.format(format="PostScript (EPS)")),
    ((b"\0\0\1\0",), _NOT_READ.format(format="Windows ICO")),
    ((b"\0\0\2\0",), _NOT_READ.format(format="Windows CUR")),
    (
        (b"PK\3\4", b"PK\5\6"),
        _("This is a zip archive or an office document. Please upload one picture (PNG or JPEG)."),
    ),
    (
        (b"\x1f\x8b",),
        _("This is a compressed file. Please unpack it and upload one picture (PNG or JPEG)."),
    ),
    (
        (b"Rar!", b"7z\xbc\xaf"),
        _("This is an archive. Please unpack it and upload one picture (PNG or JPEG)."),
    ),
    ((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), _NOT_READ.format(format="JPEG 2000")),
    ((b"\0\0\0\x0cJXL ", b"\xff\x0a"), _NOT_READ.format(format="JPEG XL")),
    ((b"SIMPLE  =",), _NOT_READ.format(format="FITS")),
    ((b"qoif",), _NOT_READ.format(format="QOI")),
    ((b"\x1a\x45\xdf\xa3",), _VIDEO),
)
"""How files of other kinds begin, and what to do about each."""
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
)


def kind_of(data: bytes) -> tuple[str, str]:
    """The format of ALLOWED that `data` begins like, and ""; else "", and what to do about the file."""
    for magic, kind in _SIGNATURES:
        if data.startswith(magic):
            return kind, ""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP", ""
    for beginnings, sentence in _OTHER_KINDS:
        if data.startswith(beginnings):
            return "", sentence
    if data[4:8] == b"ftyp":
        return "", _iso_media(data[8:12])
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<?xml", b"<svg", b"<!doctype svg", b"<!--")) and b"<svg" in data[:65536].lower():
        return "", _("This is an SVG drawing, which this page does not read. Please export it as PNG.")
    if start.startswith((b"<!doctype html", b"<html")):
        return "", _("This is a web page, not a picture. Please save the picture itself as PNG or JPEG.")
    return "", _(
        "This file is not a picture this page can read. Please upload a PNG, JPEG, WebP, GIF or BMP."
    )


def _iso_media(brand: bytes) -> str:
    if brand in (b"avif", b"avis"):
        return _(
            "This is an AVIF file, which this page does not read. Please save it as PNG or JPEG and try "
            "again."
        )
    if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        return _(
            "This is a HEIC photo, which this page does not read. Please save it as JPEG, or choose "
            '"Most Compatible" in the camera settings of your phone.'
        )
    return _VIDEO
