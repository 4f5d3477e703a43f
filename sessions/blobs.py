"""Large bytes, kept once under the name of their content: `blobs/sha256/ab/abcdef...`.

The journal refers to a blob by its digest, 64 lowercase hexadecimal digits. A blob is on the disk before
`put` returns, so an event may name it at once, and it is never changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import BlobCorrupt, BlobMissing, storage_error

if TYPE_CHECKING:
    from typing import BinaryIO

_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Blobs:
    """The blobs of one session; `root` is its `blobs` directory, made when the first one comes."""

    def __init__(self, root: Path) -> None:
        self.root = root / "sha256"

    def put(self, data: bytes | BinaryIO) -> str:
        """Keep bytes, or all that a stream still holds; returns the digest.

        Raises:
            StorageFull, StorageUnwritable: nothing was kept.
        """
        stream = io.BytesIO(data) if isinstance(data, bytes) else data
        target = self.root
        temporary: Path | None = None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.root, prefix=".new-", delete=False) as file:
                temporary = Path(file.name)
                digest = _copy(stream, file)
            target = self._path(digest)
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                temporary.rename(target)
                _sync_directory(target.parent)
        except OSError as error:
            raise storage_error(target, error) from error
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
        return digest

    def get(self, digest: str) -> bytes:
        """All of a blob, checked against its name.

        Raises:
            BlobMissing: there is none.
            BlobCorrupt: its bytes are others.
        """
        with self.open(digest) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise BlobCorrupt(f"blob {self._path(digest)} is damaged")
        return data

    def open(self, digest: str) -> BinaryIO:
        """A blob as a stream, unchecked.

        Raises:
            BlobMissing: there is none.
        """
        try:
            return self._path(digest).open("rb")
        except OSError as error:
            raise BlobMissing(f"no blob {digest} under {self.root}: {error.strerror}") from error

    def exists(self, digest: str) -> bool:
        """Whether there is such a blob; False for what is no digest."""
        return bool(_DIGEST.fullmatch(digest)) and self._path(digest).is_file()

    def _path(self, digest: str) -> Path:
        # A digest read from a journal ends in a path, so nothing but a digest may.
        if not _DIGEST.fullmatch(digest):
            raise BlobMissing(f"{digest[:80]!r} is not a blob's digest")
        return self.root / digest[:2] / digest


def _copy(source: BinaryIO, target: BinaryIO | tempfile._TemporaryFileWrapper[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
