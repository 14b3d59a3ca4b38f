"""Untrusted zip archive -> its files, read in memory one by one. Nothing is ever written to disk.

Every header is checked before a byte is unpacked, and what comes out is counted while it streams, because a
header can lie: 10 MB can unpack to terabytes.
"""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
from collections.abc import Callable
from functools import partial

from data.own.custom import DataError
from data.own.tables import plain
from settings import MAX_ARCHIVE_BYTES, MAX_FILES, MAX_UNPACKED_BYTES

MAX_RATIO = 100
"""Largest unpacked size over packed size; PNG and JPEG stay near 1."""
SMALL_BYTES = 64 * 2**10
"""Files up to this size may be packed tighter: they cannot hurt."""
MAX_PATH = 255
MAX_DEPTH = 12

_ARCHIVES = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".rar", ".jar", ".lzma",
)  # fmt: skip
_ARCHIVE_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\xfd7zXZ", b"BZh")
_DROSS = ("__MACOSX", "Thumbs.db", "desktop.ini")
_CHUNK = 2**16

Read = Callable[[], bytes]


def is_zip(name: str, data: bytes) -> bool:
    """Whether a file is a zip archive by its first bytes, or claims to be one by its name."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) or name.lower().endswith(".zip")


def zip_files(name: str, data: bytes) -> dict[str, Read]:
    """The files of the archive `data`: path in it, with "/" -> a function that unpacks that file.

    Folders, dot files and what a Mac or Windows adds are left out. Raises DataError, and so do the functions.
    """
    shown = plain(name, 60) or "archive"
    if not data:
        raise DataError(f"{shown}: This file is empty.")
    if len(data) > MAX_ARCHIVE_BYTES:
        raise DataError(
            f"{shown}: This archive is larger than {MAX_ARCHIVE_BYTES // 2**20} MB. Please pack "
            "fewer or smaller pictures."
        )
    # counted in the raw bytes, because opening an archive makes an object of every entry
    if data.count(b"PK\x01\x02") > 3 * MAX_FILES:
        raise _too_many(shown)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except Exception as error:  # hostile bytes may raise anything here: BadZipFile, struct.error, ValueError
        raise _damaged(shown) from error
    wanted: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        path = _path(entry, shown)
        if path is None:
            continue
        if path in wanted:
            raise DataError(f'{shown}: Two files are called "{plain(path)}". Please rename one.')
        _check_entry(entry, path, shown)
        wanted[path] = entry
        if len(wanted) > MAX_FILES:
            raise _too_many(shown)
    unpacked = sum(entry.file_size for entry in wanted.values())
    if unpacked > MAX_UNPACKED_BYTES:
        raise _too_much(shown)
    if unpacked > SMALL_BYTES and unpacked > MAX_RATIO * len(data):
        raise _too_tight(shown)
    return _Unpacker(archive, shown).functions(wanted)


class _Unpacker:
    """Unpacks files of one archive and counts what comes out of all of them."""

    def __init__(self, archive: zipfile.ZipFile, shown: str):
        self.archive = archive
        self.shown = shown
        self.unpacked = 0

    def functions(self, wanted: dict[str, zipfile.ZipInfo]) -> dict[str, Read]:
        return {path: partial(self.read, path, entry) for path, entry in wanted.items()}

    def read(self, path: str, entry: zipfile.ZipInfo) -> bytes:
        where = f"{self.shown}, {plain(path, 60)}"
        parts: list[bytes] = []
        try:
            with self.archive.open(entry) as file:
                while chunk := file.read(_CHUNK):
                    parts.append(chunk)
                    self.unpacked += len(chunk)
                    if self.unpacked > MAX_UNPACKED_BYTES:
                        raise _too_much(self.shown)
        except DataError:
            raise
        except (
            Exception
        ) as error:  # BadZipFile for a wrong CRC, zlib.error, EOFError, NotImplementedError, ...
            raise _damaged(where) from error
        data = b"".join(parts)
        if len(data) != entry.file_size:
            raise _damaged(where)
        if data.startswith(_ARCHIVE_STARTS):
            raise _nested(where)
        return data


def _path(entry: zipfile.ZipInfo, shown: str) -> str | None:
    """The path with "/" as separator, None for what is left out. Raises DataError for one that leads out."""
    raw = entry.orig_filename.replace("\\", "/")
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    if "\0" in raw or len(raw) > MAX_PATH or len(parts) > MAX_DEPTH:
        raise DataError(f'{shown}: The name "{plain(raw)}" is too long or damaged. Please rename this file.')
    if raw.startswith("/") or raw[1:2] == ":" or ".." in parts:
        raise DataError(
            f'{shown}: The name "{plain(raw)}" leads out of the archive. Please pack the folder itself again.'
        )
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(
            f'{shown}: "{plain(raw)}" is a link or a device, not a file. Please pack the files themselves.'
        )
    if not parts or raw.endswith("/") or any(part.startswith(".") or part in _DROSS for part in parts):
        return None
    return unicodedata.normalize("NFC", "/".join(parts))  # a Mac writes é as two characters


def _check_entry(entry: zipfile.ZipInfo, path: str, shown: str) -> None:
    where = f"{shown}, {plain(path, 60)}"
    if entry.flag_bits & 0x41:  # bit 0 encrypted, bit 6 strong encryption (APPNOTE 4.4.4)
        raise DataError(f"{where}: This file is locked by a password. Please pack it without one.")
    if path.lower().endswith(_ARCHIVES):
        raise _nested(where)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{where}: This file is packed in an unusual way. Please make an ordinary zip archive."
        )
    if entry.file_size > SMALL_BYTES and entry.file_size > MAX_RATIO * entry.compress_size:
        raise _too_tight(where)


def _damaged(where: str) -> DataError:
    return DataError(f"{where}: This is damaged, was cut short, or is no zip archive. Please pack it again.")


def _nested(where: str) -> DataError:
    return DataError(
        f"{where}: An archive inside the archive is not opened. Please pack the pictures themselves."
    )


def _too_many(shown: str) -> DataError:
    return DataError(f"{shown}: This archive has more than {MAX_FILES:,} files. Please pack fewer.")


def _too_much(shown: str) -> DataError:
    return DataError(
        f"{shown}: Unpacked this is more than {MAX_UNPACKED_BYTES // 2**20} MB. Please pack fewer files."
    )


def _too_tight(where: str) -> DataError:
    return DataError(
        f"{where}: This unpacks to more than {MAX_RATIO} times its size, as harmful archives do. Please "
        "pack PNG or JPEG pictures."
    )
