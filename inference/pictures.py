"""Pictures of visitors: each is decoded and prepared once, and found again by its digest.

The page sends a picture once, as a file, and learns its digest; later requests name the digest alone. The
pictures that were used last are kept in this process. One that is not here is sent again, so nothing is lost
with it.
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
from settings import PICTURES, PICTURES_BYTES


class MissingPictureError(PictureError):
    """No picture of this digest is here; whoever has the file can send it again."""

    def __init__(self) -> None:
        super().__init__("The server no longer has this picture. Please send it again.")


class VisitorPicture:
    """A decoded picture and what was made of it so far. Safe for threads."""

    def __init__(self, data: bytes):
        """Decode untrusted bytes. Raises PictureError."""
        with language.postponed():
            picture = read_picture(data)
        self.rgb = picture.rgb
        """(H, W, 3) uint8, upright, no side over `data.own.picture.LONGEST_SIDE`."""
        self.note = picture.note
        """Something the visitor should know ("" when there is nothing)."""
        self.digest = digest_of(data)
        self._prepared: dict[Kind, PreparedPicture | PictureError] = {}
        self._lock = threading.Lock()

    def prepare(self, kind: str) -> PreparedPicture:
        """What the network is given, made once for each of `inference.preprocess.KINDS`.

        Raises PictureError, and ValueError for another kind.
        """
        kind = choice(kind, "kind", KINDS)
        with self._lock, language.postponed():
            if kind not in self._prepared:
                try:
                    self._prepared[kind] = prepare(self.rgb, kind)
                except PictureError as error:
                    self._prepared[kind] = error
            found = self._prepared[kind]
        if isinstance(found, PictureError):
            raise PictureError(*found.args)
        return found

    def notes(self, prepared: PreparedPicture) -> str:
        """What the visitor should know about the file and what was made of it, "" if there is nothing."""
        return " ".join(str(note) for note in (self.note, prepared.note) if note)

    @cached_property
    def naive(self) -> np.ndarray:
        """(28, 28) uint8, see `inference.preprocess.naive`. Raises PictureError."""
        return naive(self.rgb)

    @property
    def nbytes(self) -> int:
        """Memory of the pictures."""
        with self._lock:
            known = [made for made in self._prepared.values() if isinstance(made, PreparedPicture)]
        return self.rgb.nbytes + sum(stage.image.nbytes for made in known for stage in made.stages)


class Pictures:
    """The pictures that were used last. Safe for threads.

    Parameters:
        most: of them.
        most_bytes: of memory. Above one of both the picture goes first that was not used for longest.
    """

    def __init__(self, most: int = PICTURES, most_bytes: int = PICTURES_BYTES):
        self.most, self.most_bytes = most, most_bytes
        self._kept: OrderedDict[str, VisitorPicture] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, digest: str) -> VisitorPicture:
        """The picture with that digest. Raises MissingPictureError."""
        with self._lock:
            if digest not in self._kept:
                raise MissingPictureError
            self._kept.move_to_end(digest)
            return self._kept[digest]

    def read(self, data: bytes, keep: bool = True) -> VisitorPicture:
        """The picture in a file, decoded unless it is here. Raises PictureError.

        keep: False for one that nobody will ask for again.
        """
        try:
            return self.find(digest_of(data))
        except MissingPictureError:
            picture = VisitorPicture(data)
        if keep:
            with self._lock:
                self._kept[picture.digest] = picture
                while len(self._kept) > self.most or self._bytes() > self.most_bytes:
                    self._kept.popitem(last=False)
        return picture

    def _bytes(self) -> int:
        return sum(picture.nbytes for picture in self._kept.values())


def digest_of(data: bytes) -> str:
    """SHA-256 of a file, 64 hexadecimal digits. Only who has the file can name it."""
    return hashlib.sha256(data).hexdigest()
