"""The console script `tap-lms-reports`."""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, TextIO, cast

from source_lms_reports.errors import ReportError, machine_fault
from source_lms_reports.files.spool import Spool
from source_lms_reports.process import FAILED_EXIT, output_faults, require_output, run_to_its_end
from source_lms_reports.redaction import REDACTOR, MaskingWriter
from source_lms_reports.singer.about import NAME, about_as_json, about_as_text, version_line
from source_lms_reports.singer.bookmarks import read_bookmarks
from source_lms_reports.singer.catalog import read_catalog
from source_lms_reports.singer.keeping import make_keeper
from source_lms_reports.singer.reading import with_detail
from source_lms_reports.singer.tap import Tap
from source_lms_reports.spec.input_file import read_config, read_documents, read_json
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.spec.secret_values import secrets_of

LOGGER = logging.getLogger("airbyte")
_DESCRIPTION = """\
Reads the reports of one learning platform as Singer messages (one JSON object a line).
What is told to people goes to stderr.

  tap-lms-reports --about                                       what a configuration looks like
  tap-lms-reports --config CONFIG --test                        whether a configuration works
  tap-lms-reports --config CONFIG --discover > catalog.json     which streams there are
  tap-lms-reports --config CONFIG [--catalog CATALOG] [--state STATE] | any-target
"""


def run(args: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        args: The arguments after the program's name; by default those of the process.
    """
    gc.freeze()  # what is imported lives as long as the process; to look for garbage in it at the end takes 45 ms
    require_output()
    parsed = _parser().parse_args(args)
    spool, out, people = Spool(), sys.stdout.buffer, MaskingWriter(sys.stderr)
    _log(cast("TextIO", people))
    with contextlib.redirect_stdout(people), contextlib.redirect_stderr(people):  # what a library prints is no message
        run_to_its_end(lambda: _do(parsed, spool, out), _report, spool.remove)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        NAME, description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=version_line())
    parser.add_argument("--about", action="store_true", help="what the tap is, can do and has to be told")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of --about")
    parser.add_argument("--config", action="append", metavar="FILE", help="JSON; of several, later ones win")
    parser.add_argument("--test", action="store_true", help="try the configuration")
    parser.add_argument("--discover", action="store_true", help="write the catalog of all streams")
    parser.add_argument("--catalog", metavar="FILE", help="the streams to read; without it, all that are offered")
    parser.add_argument("--state", metavar="FILE", help="what the run before has left")
    return parser


def _do(parsed: argparse.Namespace, spool: Spool, out: BinaryIO) -> int:
    if parsed.about:
        text = about_as_json() if parsed.format == "json" else about_as_text()
        return _print(text, out)
    if not parsed.config:
        _parser().error("--config is needed")
    config = _merged([read_config(path) for path in parsed.config])
    for secret in secrets_of(config, connection_specification()):
        REDACTOR.register(secret)
    choices = read_catalog(read_json(parsed.catalog, "catalog")) if parsed.catalog else None
    saved = read_bookmarks(read_documents(parsed.state, "state")[-1]) if parsed.state else {}
    tap = Tap(config, spool, make_keeper(parsed.config))
    if parsed.test:
        tap.check()
        LOGGER.info("The configuration works.")
        return 0
    if parsed.discover:
        return _print(json.dumps(tap.discover(), indent=2), out)
    return 0 if tap.read(choices, saved, out) else FAILED_EXIT


def _print(text: str, out: BinaryIO) -> int:
    with output_faults():
        out.write(f"{text}\n".encode())
        out.flush()
    return 0


def _merged(configs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Configurations as one: of two values for one setting the later one wins, also inside of objects."""
    merged: dict[str, Any] = {}
    for config in configs:
        for name, value in config.items():
            both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
            merged[name] = _merged([merged[name], value]) if both else value
    return merged


def _report(error: Exception) -> int:
    error = machine_fault(error) or error
    if isinstance(error, ReportError):
        LOGGER.error(with_detail(error))
    else:
        LOGGER.error("An unexpected error occurred. Please report it with these lines.", exc_info=error)
    return FAILED_EXIT


def _log(out: TextIO) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=out, force=True)
    logging.captureWarnings(capture=True)


if __name__ == "__main__":
    run()
