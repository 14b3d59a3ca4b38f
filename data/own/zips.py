"""Untrusted zip archive -> its files, read in memory one by one. Nothing is ever written to disk.

Every header is checked before a byte is unpacked, and the unpacked bytes are counted as they come, because a
header can lie: 10 MB can unpack to terabytes.
"""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

from data.own.custom import DataError
from data.own.refusals import plain, refusal
from data.own.text import decoded
from language import _
from settings import MAX_ARCHIVE_BYTES, MAX_FILES, MAX_UNPACKED_BYTES

MAX_RATIO = 100
"""Largest ratio of unpacked to packed size; it is about 1 for PNG and JPEG."""
SMALL_BYTES = 64 * 2**10
"""Files up to this size may have a higher ratio: they are harmless."""
MAX_PATH = 255
MAX_DEPTH = 12

_ARCHIVES = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".rar", ".jar", ".lzma",
)  # fmt: skip
_ARCHIVE_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\xfd7zXZ", b"BZh")
_DROSS = ("__MACOSX", "Thumbs.db", "desktop.ini")
_CHUNK = 2**16
_UTF8 = 0x800
"""The general purpose flag of a name in UTF-8 (APPNOTE 4.4.4)."""
_UNICODE_PATH = 0x7075

Read = Callable[..., bytes]
"""Gives the bytes of a file; with a number, only as many of the first ones."""


def is_zip(name: str, data: bytes) -> bool:
    """Whether a file is a zip archive according to its first bytes or its name."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) or name.lower().endswith(".zip")


def has_too_many(data: bytes) -> bool:
    """Whether an archive has far too many files: opening it would make an object of each."""
    return data.count(b"PK\x01\x02") > 3 * MAX_FILES


def zip_files(name: str, data: bytes) -> dict[str, Read]:
    """The files of the archive `data`: path in it, with "/" -> a function that unpacks that file.

    Folders, dot files and what a Mac or Windows adds are left out. Raises DataError, and so do the functions.
    """
    archive_name = plain(name, 60) or "archive"
    if not data:
        raise refusal(archive_name, _("This file is empty."))
    if len(data) > MAX_ARCHIVE_BYTES:
        sentence = _("This archive is larger than {size} MB. Please pack fewer or smaller pictures.")
        raise refusal(archive_name, sentence.format(size=MAX_ARCHIVE_BYTES // 2**20))
    if has_too_many(data):
        raise _too_many(archive_name)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except Exception as error:  # hostile bytes may raise anything: BadZipFile, struct.error, ValueError
        raise _damaged(archive_name) from error
    files: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        path = _path(entry, archive_name)
        if path is None:
            continue
        if path in files:
            sentence = _('Two files are called "{name}". Please rename one.')
            raise refusal(archive_name, sentence.format(name=plain(path)))
        _check_entry(entry, path, at_path(archive_name, path))
        files[path] = entry
        if len(files) > MAX_FILES:
            raise _too_many(archive_name)
    unpacked = sum(entry.file_size for entry in files.values())
    if unpacked > MAX_UNPACKED_BYTES:
        raise _too_much(archive_name)
    if unpacked > SMALL_BYTES and unpacked > MAX_RATIO * len(data):
        raise _too_tight(archive_name)
    return _Unpacker(archive, archive_name).functions(files)


def at_path(archive: str, path: str) -> str:
    """The place of a file in an archive, for a refusal."""
    return _("{archive}, {path}").format(archive=archive, path=plain(path, 60))


class _Unpacker:
    """Unpacks files of one archive and counts what comes out of all of them."""

    def __init__(self, archive: zipfile.ZipFile, name: str):
        self.archive = archive
        self.name = name
        self.unpacked = 0
        self._sizes: dict[str, int] = {}
        """Bytes of each file that was read: one that is read again does not count twice."""

    def functions(self, files: dict[str, zipfile.ZipInfo]) -> dict[str, Read]:
        return {path: partial(self.read, path, entry) for path, entry in files.items()}

    def read(self, path: str, entry: zipfile.ZipInfo, most: int | None = None) -> bytes:
        parts: list[bytes] = []
        if most is None:
            self.unpacked -= self._sizes.pop(path, 0)
        try:
            with self.archive.open(entry) as file:
                if most is not None:
                    return file.read(most)
                while chunk := file.read(_CHUNK):
                    parts.append(chunk)
                    self.unpacked += len(chunk)
                    if self.unpacked > MAX_UNPACKED_BYTES:
                        raise _too_much(self.name)
        except DataError:
            raise
        except Exception as error:  # a wrong CRC, zlib.error, EOFError, NotImplementedError, ...
            raise _damaged(at_path(self.name, path)) from error
        data = b"".join(parts)
        self._sizes[path] = len(data)
        if len(data) != entry.file_size:
            raise _damaged(at_path(self.name, path))
        if data.startswith(_ARCHIVE_STARTS):
            raise _nested(at_path(self.name, path))
        return data


def _path(entry: zipfile.ZipInfo, archive: str) -> str | None:
    """The path with "/" as separator, None for what is left out. Raises DataError for paths that lead out."""
    raw = _name(entry).replace("\\", "/")
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    if "\0" in raw or len(raw) > MAX_PATH or len(parts) > MAX_DEPTH:
        sentence = _('The name "{name}" is too long or damaged. Please rename this file.')
        raise refusal(archive, sentence.format(name=plain(raw)))
    if raw.startswith("/") or raw[1:2] == ":" or ".." in parts:
        sentence = _('The name "{name}" leads out of the archive. Please pack the folder itself again.')
        raise refusal(archive, sentence.format(name=plain(raw)))
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        sentence = _('"{name}" is a link or a device, not a file. Please pack the files themselves.')
        raise refusal(archive, sentence.format(name=plain(raw)))
    if not parts or raw.endswith("/") or any(part.startswith(".") or part in _DROSS for part in parts):
        return None
    return unicodedata.normalize("NFC", "/".join(parts))  # a Mac writes é as two characters


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of a file in an archive: in UTF-8, though many programs do not set the flag that says so, or
    as in the Unicode path field of Info-ZIP (APPNOTE 4.6.9); else in code page 437, as zipfile reads it.
    """
    if entry.flag_bits & _UTF8:
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437")
    return _unicode_path(entry.extra, raw) or decoded(raw, "utf-8") or entry.orig_filename


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in an entry's extra fields; None without one for the name `raw`."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5:
            version, checksum = struct.unpack_from("<BI", field)
            if version == 1 and checksum == zlib.crc32(raw):
                return decoded(field[5:], "utf-8")
    return None


def _check_entry(entry: zipfile.ZipInfo, path: str, where: str) -> None:
    if entry.flag_bits & 0x41:  # bit 0 encrypted, bit 6 strong encryption (APPNOTE 4.4.4)
        raise refusal(where, _("This file is locked by a password. Please pack it without one."))
    if path.lower().endswith(_ARCHIVES):
        raise _nested(where)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal(where, _("This file is packed in an unusual way. Please make an ordinary zip archive."))
    if entry.file_size > SMALL_BYTES and entry.file_size > MAX_RATIO * entry.compress_size:
        raise _too_tight(where)


def _damaged(where: str) -> DataError:
    return refusal(where, _("This is damaged, was cut short, or is no zip archive. Please pack it again."))


def _nested(where: str) -> DataError:
    return refusal(
        where, _("An archive inside the archive is not opened. Please pack the pictures themselves.")
    )


def _too_many(archive: str) -> DataError:
    sentence = _("This archive has more than {most} files. Please pack fewer.")
    return refusal(archive, sentence.format(most=f"{MAX_FILES:,}"))


def _too_much(archive: str) -> DataError:
    sentence = _("Unpacked this is more than {size} MB. Please pack fewer files.")
    return refusal(archive, sentence.format(size=MAX_UNPACKED_BYTES // 2**20))


def _too_tight(where: str) -> DataError:
    sentence = _(
        "This unpacks to more than {ratio} times its size, as harmful archives do. Please pack PNG or JPEG "
        "pictures."
    )
    return refusal(where, sentence.format(ratio=MAX_RATIO))
