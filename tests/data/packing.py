"""Pictures and archives made for tests."""

import io
import zipfile

from PIL import Image


def png(colour=(255, 0, 0), size=(4, 3), kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind, **options)
    return buffer.getvalue()


def packed(files: dict[str, bytes] | list[tuple[str, bytes]], kind=zipfile.ZIP_DEFLATED, mode=None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for path, data in files.items() if isinstance(files, dict) else files:
            entry = zipfile.ZipInfo(path)
            entry.compress_type = kind
            if mode is not None:
                entry.external_attr = mode << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
