"""Blobs: named by content, whole or absent, and no name leads out of their directory."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions.blobs import Blobs
from sessions.errors import BlobCorrupt, BlobMissing, StorageUnwritable


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def files(tmp_path):
    return [path for path in tmp_path.rglob("*") if path.is_file()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(data=st.binary(max_size=1000))
def test_bytes_and_streams_come_back(blobs, data):
    digest = blobs.put(data)
    assert digest == hashlib.sha256(data).hexdigest() == blobs.put(io.BytesIO(data))
    assert blobs.exists(digest)
    assert blobs.get(digest) == data
    with blobs.open(digest) as file:
        assert file.read() == data


def test_a_large_stream_is_kept_once_where_its_name_says(blobs, tmp_path):
    data = b"0123456789abcdef" * 200_000
    digest = blobs.put(io.BytesIO(data))
    blobs.put(data)
    assert files(tmp_path) == [tmp_path / "blobs" / "sha256" / digest[:2] / digest]
    assert blobs.get(digest) == data


def test_a_stream_that_breaks_leaves_nothing(blobs, tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(StorageUnwritable):
        blobs.put(Broken())
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", ["", "ab", "../../etc/passwd", "A" * 64, "/" * 64, "0" * 64 + "\n"])
def test_what_is_no_digest_is_missing(blobs, name):
    assert not blobs.exists(name)
    with pytest.raises(BlobMissing):
        blobs.get(name)


def test_no_name_leads_out_of_the_blobs(blobs, tmp_path):
    blobs.put(b"")
    (tmp_path / "secret").write_bytes(b"key")
    assert (blobs.root / ".." / "../secret").exists(), "where such a name would lead"
    assert not blobs.exists("../secret")
    with pytest.raises(BlobMissing):
        blobs.open("../secret")


def test_an_absent_blob_is_missing(blobs):
    digest = hashlib.sha256(b"never put").hexdigest()
    assert not blobs.exists(digest)
    with pytest.raises(BlobMissing, match=digest):
        blobs.open(digest)


def test_a_damaged_blob_is_not_handed_out(blobs, tmp_path):
    digest = blobs.put(b"data")
    (tmp_path / "blobs" / "sha256" / digest[:2] / digest).write_bytes(b"date")
    with pytest.raises(BlobCorrupt):
        blobs.get(digest)
