"""Pictures of visitors: each is decoded and prepared once, and looked up by its digest.

The page sends a picture once, as a file, and learns its digest; later requests name only the digest. This
process keeps the pictures that were used last. The page sends a missing one again, so nothing is ever lost.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from functools import cached_property

import numpy as np

import language
from checks import choice
from data.own.picture import PictureError, read_picture
from inference.preprocess import KINDS, Kind, PreparedPicture, naive, prepare
from language import _, sentences
from settings import PICTURES, PICTURES_BYTES


class MissingPictureError(PictureError):
    """There is no picture with this digest here; whoever has the file can send it again."""

    def __init__(self) -> None:
        super().__init__(_("The server no longer has this picture. Please send it again."))


class VisitorPicture:
    """A decoded picture and what has been prepared from it so far. Safe for threads."""

    def __init__(self, data: bytes):
        """Decode untrusted bytes. Raises PictureError."""
        with language.postponed():
            picture = read_picture(data)
        self.rgb = picture.rgb
        """(H, W, 3) uint8, upright, no side over `data.own.picture.LONGEST_SIDE`."""
        self.note = picture.note
        """Something the visitor should know, or ""."""
        self.opaque = picture.opaque
        """(H, W) bool: what is not transparent; None if nothing or everything is."""
        self.digest = digest_of(data)
        self._prepared: dict[Kind, PreparedPicture | PictureError] = {}
        self._lock = threading.Lock()

    def prepare(self, kind: str) -> PreparedPicture:
        """The network's input, prepared once for each of `inference.preprocess.KINDS`.

        Raises PictureError, and ValueError for another kind.
        """
        kind = choice(kind, "kind", KINDS)
        with self._lock, language.postponed():
            if kind not in self._prepared:
                try:
                    self._prepared[kind] = prepare(self.rgb, kind, self.opaque)
                except PictureError as error:
                    self._prepared[kind] = error
            result = self._prepared[kind]
        if isinstance(result, PictureError):
            raise PictureError(*result.args)
        return result

    def notes(self, prepared: PreparedPicture) -> str:
        """What the visitor should know about the file and about what was prepared from it, or ""."""
        return sentences(self.note, prepared.note)

    @cached_property
    def naive(self) -> np.ndarray:
        """(28, 28) uint8, see `inference.preprocess.naive`. Raises PictureError."""
        return naive(self.rgb)

    @property
    def nbytes(self) -> int:
        """Memory of the pictures."""
        with self._lock:
            results = [result for result in self._prepared.values() if isinstance(result, PreparedPicture)]
        return self.rgb.nbytes + sum(stage.image.nbytes for result in results for stage in result.stages)


class Pictures:
    """The pictures that were used last. Safe for threads.

    Parameters:
        most: how many there may be.
        most_bytes: of memory. Above either limit, the picture used least recently goes first.
    """

    def __init__(self, most: int = PICTURES, most_bytes: int = PICTURES_BYTES):
        self.most, self.most_bytes = most, most_bytes
        self._pictures: OrderedDict[str, VisitorPicture] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, digest: str) -> VisitorPicture:
        """The picture with that digest. Raises MissingPictureError."""
        with self._lock:
            if digest not in self._pictures:
                raise MissingPictureError
            self._pictures.move_to_end(digest)
            return self._pictures[digest]

    def read(self, data: bytes, keep: bool = True) -> VisitorPicture:
        """The picture in a file, decoded unless it is here already. Raises PictureError.

        keep: False for one that nobody will need again.
        """
        try:
            return self.find(digest_of(data))
        except MissingPictureError:
            picture = VisitorPicture(data)
        if keep:
            with self._lock:
                self._pictures[picture.digest] = picture
                while len(self._pictures) > self.most or self._bytes() > self.most_bytes:
                    self._pictures.popitem(last=False)
        return picture

    def _bytes(self) -> int:
        return sum(picture.nbytes for picture in self._pictures.values())


def digest_of(data: bytes) -> str:
    """SHA-256 of a file, 64 hexadecimal digits. Only those who have the file know it."""
    return hashlib.sha256(data).hexdigest()
