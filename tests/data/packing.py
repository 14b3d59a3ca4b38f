"""Pictures and archives made for tests, and what is said when they are refused."""

import io
import zipfile

import pytest
from PIL import Image

from data.archives import read_pictures
from data.custom import DataError


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


def refused(files: object) -> str:
    """The refusal: one line, and no word of the program's inside."""
    with pytest.raises(DataError) as caught:
        read_pictures(files)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and 20 < len(sentence) < 320
    assert not any(word in sentence for word in ("Traceback", "Error", "BadZip", "object at", "None"))
    return sentence
