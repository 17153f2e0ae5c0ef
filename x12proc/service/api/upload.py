"""Receives an uploaded file, raw or as multipart form, and streams it to disk within limits of size and time."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from x12proc.service.errors import HttpError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

EDI = "application/edi-x12"
RAW = (EDI, "application/octet-stream", "text/plain")
# Its warnings quote bytes of the body, which may be a claim's.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

UPLOAD = "multipart/form-data"
FILE_FIELD = "file"
_IDENTITY, _GZIP = "identity", "gzip"
_ENCODINGS = {**dict.fromkeys(RAW, (_IDENTITY, _GZIP)), UPLOAD: (_IDENTITY,)}
_PIECE = 1024 * 1024  # bytes that are decompressed at a time
_MOST_FIELDS = 20
_LONGEST_FIELD = 2000  # bytes
_LONGEST_NAME = 120  # characters of the sender's file name
_HEADROOM = 64 * 1024  # bytes of a multipart body in addition to its file


class Upload(msgspec.Struct, frozen=True):
    """A completely received file, and the fields sent with it."""

    sha256: str
    bytes: int
    name: str
    fields: dict[str, str]


async def receive_upload(request: Request, path: Path, most_bytes: int, seconds: float) -> Upload:
    """Write the file of a request to ``path``. Raises HttpError; then the caller removes the partial file."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    media_type = kind.decode("latin-1").lower()
    encoding = request.headers.get("content-encoding", _IDENTITY).strip().lower()
    if media_type not in (*RAW, UPLOAD) or encoding not in _ENCODINGS[media_type]:
        accepted, raw = ", ".join((*RAW, UPLOAD)), ", ".join(RAW)
        known = f"Content-Type must be one of {accepted}; Content-Encoding may be gzip for {raw}"
        raise HttpError(415, "unsupported-media-type", known)
    _check_length(request, most_bytes)
    try:
        async with asyncio.timeout(seconds):
            with path.open("xb") as file:
                if media_type == UPLOAD:
                    return await _multipart(request, file, options.get(b"boundary", b""), most_bytes)
                return await _raw(request, file, most_bytes, is_gzip=encoding == _GZIP)
    except TimeoutError:
        raise HttpError(408, "too-slow", f"The file did not arrive within {seconds:g} seconds") from None
    except ClientDisconnect:
        raise HttpError(400, "cut-off", "The connection closed before the end of the file") from None


def _check_length(request: Request, most_bytes: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > most_bytes + _HEADROOM:
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> HttpError:
    return HttpError(413, "too-large", f"A file may have at most {most_bytes} bytes")


async def _raw(request: Request, file: BinaryIO, most_bytes: int, *, is_gzip: bool) -> Upload:
    sink = _Sink(file, most_bytes)
    gzip = _Gzip(sink) if is_gzip else None
    async for chunk in request.stream():
        (gzip or sink).write(chunk)
    if gzip is not None:
        gzip.finish()
    return Upload(sink.sha256, sink.bytes, "", {})


async def _multipart(request: Request, file: BinaryIO, boundary: bytes, most_bytes: int) -> Upload:
    form = _Form(_Sink(file, most_bytes))
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise HttpError(400, "bad-form", "The multipart body can't be parsed") from None
    if not form.complete or not form.has_file:
        raise HttpError(400, "no-file", f"The form has no complete field named {FILE_FIELD!r}")
    return Upload(form.sink.sha256, form.sink.bytes, form.name, form.fields)


class _Sink:
    """Writes the file, and counts and hashes its bytes."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._file = file
        self._most = most_bytes
        self._hash = hashlib.sha256()
        self.bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        self.bytes += len(chunk)
        if self.bytes > self._most:
            raise _too_large(self._most)
        self._hash.update(chunk)
        self._file.write(chunk)


class _Gzip:
    """Decompresses a body piece by piece; the sink limits what comes out, so that it can't fill the disk."""

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink
        self._unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def write(self, chunk: bytes) -> None:
        try:
            while chunk:
                if self._unpacking.eof:  # a gzip may have several members
                    self._unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
                self._sink.write(self._unpacking.decompress(chunk, _PIECE))
                chunk = self._unpacking.unconsumed_tail or self._unpacking.unused_data
        except zlib.error:
            raise _bad_gzip() from None

    def finish(self) -> None:
        while not self._unpacking.eof and (rest := self._unpacking.decompress(b"", _PIECE)):
            self._sink.write(rest)
        if not self._unpacking.eof:
            raise _bad_gzip()


def _bad_gzip() -> HttpError:
    return HttpError(400, "bad-gzip", "The body is not a complete gzip")


class _Form:
    """Callbacks of the multipart parser: write the field ``file`` to the sink, short texts to ``fields``."""

    def __init__(self, sink: _Sink) -> None:
        self.sink = sink
        self.fields: dict[str, str] = {}
        self.name = ""
        self.has_file = False
        self.complete = False
        self._header = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._text = b""
        self._texts = 0

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._form_end,
        }

    def _begin(self) -> None:
        self._headers, self._field, self._text = {}, "", b""

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if self._field == FILE_FIELD:
            if self.has_file:
                raise HttpError(400, "several-files", "A request has one file")
            self.has_file = True
            self.name = options.get(b"filename", b"").decode("utf-8", "replace")[-_LONGEST_NAME:]
            return
        self._texts += 1  # counted by part: many may have one name
        if self._texts > _MOST_FIELDS:
            raise HttpError(400, "bad-form", f"The form has more than {_MOST_FIELDS} fields")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field == FILE_FIELD:
            self.sink.write(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > _LONGEST_FIELD:
            raise HttpError(400, "bad-form", f"A field of the form is longer than {_LONGEST_FIELD} bytes")

    def _end(self) -> None:
        if self._field != FILE_FIELD:
            self.fields[self._field[:40]] = self._text.decode("utf-8", "replace")

    def _form_end(self) -> None:
        self.complete = True
