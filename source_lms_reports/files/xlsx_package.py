"""The parts of an XLSX workbook, found as other readers find them: by content types and relationships, in any case."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from urllib.parse import unquote

from source_lms_reports.files.inflated import open_member
from source_lms_reports.files.text import ByteStream
from source_lms_reports.files.xml_text import Attributes, DamagedXml, parse

READ = 256 * 1024
"""Bytes that are looked at at a time: about 400 rows of twenty columns."""
AHEAD = 4 * 1024 * 1024
"""Bytes that are unpacked ahead. With fewer, threads wait for each other longer than it takes to unpack them."""

CONTENT_TYPES = "[Content_Types].xml"
_MAIN_TYPES = ("sheet.main+xml", "template.main+xml", "macroenabled.main+xml", "binary.macroenabled.main")
_USUAL = ("xl/workbook.xml", "xl/workbook.bin")
_OPEN_DOCUMENT = "content.xml"
_ITS_SIGNS = {"mimetype", "meta-inf/manifest.xml"}
_NO_TABLES = frozenset({"chartsheet", "dialogsheet", "macrosheet", "xlmacrosheet", "xlintlmacrosheet"})
_VISIBLE = ("", "visible")


@dataclass(frozen=True)
class SheetEntry:
    """A sheet as the workbook lists it.

    Args:
        name: As a user sees it.
        visible: Whether a user sees it.
        part: Its part; None where the workbook has none for it.
        is_table: Whether it has rows: charts, dialogs and macros have none.
    """

    name: str
    visible: bool
    part: zipfile.ZipInfo | None
    is_table: bool = True


@dataclass
class _Relation:
    kind: str
    target: str


@dataclass
class _Elements:
    """Collects the attributes of elements by name."""

    found: dict[str, list[Attributes]] = field(default_factory=dict)

    def start(self, name: str, attributes: Attributes) -> None:
        self.found.setdefault(name, []).append(attributes)

    def end(self, _: str) -> None:
        pass

    def text(self, _: str) -> None:
        pass


class Package:
    """A ZIP with the parts of a workbook.

    Names of parts are compared without regard to case, and `\\` is read as `/`: writers differ in both.

    Args:
        archive: The ZIP.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._parts: dict[str, zipfile.ZipInfo] = {}
        self._twice: set[str] = set()
        for info in archive.infolist():
            for name in {_key(info.filename), info.filename}:
                if name in self._parts and self._parts[name].CRC != info.CRC:
                    self._twice.add(name)
                self._parts[name] = info
        self._main = self._main_name()

    @property
    def is_workbook(self) -> bool:
        """Whether there is a workbook in it at all."""
        return bool(self._main)

    @property
    def is_binary(self) -> bool:
        """Whether it is a workbook of the binary kind (XLSB)."""
        return self._main.casefold().endswith(".bin")

    def sheets(self) -> tuple[list[SheetEntry], bool]:
        """The sheets in order, and whether their days are counted from 1904.

        Raises:
            DamagedXml: The workbook's own part cannot be read, or lists none.
        """
        elements = self._elements(self._main)
        relations = self._relations(self._main)
        properties = elements.get("workbookPr", [{}])[0]
        from_1904 = _local(properties, "date1904").strip().casefold() in ("1", "true", "on")
        listed = elements.get("sheet", [])
        if not listed:
            raise DamagedXml("the workbook lists no sheets")
        return [self._sheet(one, relations) for one in listed], from_1904

    def _sheet(self, listed: Attributes, relations: dict[str, _Relation]) -> SheetEntry:
        link = next((value for name, value in listed.items() if name.endswith(":id")), "")
        name, visible = listed.get("name", ""), listed.get("state", "").casefold() in _VISIBLE
        if not link:
            return SheetEntry(name, visible, None, is_table=False)
        relation = relations.get(link)
        if relation is None:
            return SheetEntry(name, visible, None)
        return SheetEntry(name, visible, self.part(relation.target), relation.kind.casefold() not in _NO_TABLES)

    def related(self, kind: str) -> zipfile.ZipInfo | None:
        """The workbook's part of a kind such as `styles`, if it has one."""
        targets = [one.target for one in self._relations(self._main).values() if one.kind.casefold() == kind.casefold()]
        return self.part(targets[0] if targets else posixpath.join(posixpath.dirname(self._main), f"{kind}.xml"))

    @property
    def main(self) -> zipfile.ZipInfo | None:
        """The workbook's own part."""
        return self.part(self._main)

    def linked(self) -> dict[str, zipfile.ZipInfo | None]:
        """The parts that the workbook's own part leads to, by the ids of its relations."""
        return {link: self.part(relation.target) for link, relation in self._relations(self._main).items()}

    def data(self, info: zipfile.ZipInfo | None) -> bytes:
        """A part as a whole; nothing of one that is not there."""
        return self._archive.read(info) if info else b""

    def part(self, name: str) -> zipfile.ZipInfo | None:
        """A part by its name.

        Raises:
            DamagedXml: Two parts have this name, with different contents.
        """
        name = name if name in self._parts else _key(name)
        if name in self._twice:
            raise DamagedXml(f"there are two parts called {name}")
        return self._parts.get(name)

    @contextmanager
    def blocks(self, info: zipfile.ZipInfo) -> Iterator[Iterator[bytes]]:
        """The unpacked bytes of a part."""
        with closing(open_member(self._archive, info)) as stream:
            if info.file_size <= AHEAD:
                yield iter(partial(stream.read, READ), b"")
                return
            with ThreadPoolExecutor(1) as pool:
                yield _ahead(stream, pool)

    def _main_name(self) -> str:
        """The workbook's part: by its content type, else by its usual name, else by the package's relationships."""
        named = (one for one in self._main_by_relation() if "workbook" in one.rsplit("/", 1)[-1].casefold())
        return next((name for name in (*self._main_by_type(), *_USUAL, *named) if self.part(name) is not None), "")

    def _main_by_relation(self) -> list[str]:
        with suppress(DamagedXml):
            return [one.target for one in self._relations("").values() if one.kind == "officeDocument"]
        return []

    def _main_by_type(self) -> list[str]:
        with suppress(DamagedXml):
            entries = self._elements(CONTENT_TYPES).get("Override", [])
            kinds = [(one.get("PartName", ""), one.get("ContentType", "").casefold()) for one in entries]
            return [name for name, kind in kinds if kind.endswith(_MAIN_TYPES)]
        return []

    def _relations(self, of: str) -> dict[str, _Relation]:
        folder, base = posixpath.split(of)
        listing = posixpath.join(folder, "_rels", f"{base}.rels")
        if self.part(listing) is None:
            return {}
        found = self._elements(listing).get("Relationship", [])
        return {one.get("Id", ""): _relation(one, folder) for one in found}

    def _elements(self, name: str) -> dict[str, list[Attributes]]:
        info = self.part(name)
        if info is None:
            raise DamagedXml(f"{name} is missing")
        elements = _Elements()
        with self.blocks(info) as blocks:
            parse(blocks, elements)
        return elements.found


def _ahead(stream: ByteStream, pool: Executor) -> Iterator[bytes]:
    """What comes next is unpacked while the last is looked at: unpacking leaves the interpreter free."""
    blocks = iter(partial(stream.read, READ), b"")
    coming = pool.submit(_some, blocks)
    while some := coming.result():
        coming = pool.submit(_some, blocks)
        yield from some


def _some(blocks: Iterator[bytes]) -> list[bytes]:
    """As many blocks as are unpacked ahead."""
    return list(islice(blocks, AHEAD // READ))


def _relation(one: Attributes, folder: str) -> _Relation:
    target = unquote(one.get("Target", "")).replace("\\", "/")
    path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
    return _Relation(one.get("Type", "").rstrip("/").rsplit("/", 1)[-1], path)


def _local(attributes: Attributes, name: str) -> str:
    return next((value for one, value in attributes.items() if one.rsplit(":", 1)[-1] == name), "")


def _key(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").casefold()


def holds_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether a ZIP is a workbook: of Excel by its content types or its part's name, of ODS by its kind."""
    names = {_key(name) for name in archive.namelist()}
    if names.intersection(_USUAL) or (_OPEN_DOCUMENT in names and names & _ITS_SIGNS):
        return True
    return CONTENT_TYPES.casefold() in names and Package(archive).is_workbook
