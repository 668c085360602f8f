"""The console script."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from source_lms_reports.process import (
    FAILED_EXIT,
    USAGE_EXIT,
    output_faults,
    require_output,
    run_to_its_end,
    said_to_its_end,
)

if TYPE_CHECKING:
    from source_lms_reports.source import SourceLmsReports

_STATE = '{"type":"STATE"'

_HELP = """\
source-lms-reports reads the reports of one learning platform as Airbyte messages (one JSON object a line).

  source-lms-reports spec                                       what a configuration looks like
  source-lms-reports check    --config CONFIG                   whether a configuration works
  source-lms-reports discover --config CONFIG                   which streams there are
  source-lms-reports read     --config CONFIG --catalog CATALOG [--state STATE]

CONFIG is a JSON file such as
  {"platform": {"name": "canvas", "base_url": "https://school.instructure.com", "access_token": "..."}}
CATALOG names the streams to read; make it from what `discover` prints. STATE is a list of the last STATE message of
each stream of the sync before. Add --debug to a command for more words.

Platforms: {platforms}.
"""


def run(args: list[str] | None = None) -> None:
    """Run the command line.

    Args:
        args: The arguments after the program's name; by default those of the process.
    """
    require_output()
    arguments = sys.argv[1:] if args is None else args
    if not arguments or arguments[0] in ("-h", "--help"):
        run_to_its_end(lambda: _help(is_asked_for=bool(arguments)), _report, lambda: None)
        return
    with quick_imports():
        from source_lms_reports.source import SourceLmsReports

        source = SourceLmsReports()
    run_to_its_end(lambda: _print_messages(source, arguments), _report, source.close)


def _help(*, is_asked_for: bool) -> int:
    from source_lms_reports.platforms.model import platform_names

    out = sys.stdout if is_asked_for else sys.stderr
    with output_faults():
        out.write(_HELP.replace("{platforms}", ", ".join(platform_names())))
        out.flush()
    return 0 if is_asked_for else USAGE_EXIT


def _print_messages(source: SourceLmsReports, arguments: list[str]) -> int:
    from airbyte_cdk.logger import PRINT_BUFFER

    from source_lms_reports.cdk.entrypoint import ReportEntrypoint
    from source_lms_reports.files.spool import temporary_folder

    entrypoint = ReportEntrypoint(source)
    parsed = entrypoint.parse_args(arguments)
    temporary_folder()  # the CDK makes one of its own there
    with _messages_only(), said_to_its_end(PRINT_BUFFER.flush):
        for message in entrypoint.run(parsed):
            with output_faults():
                PRINT_BUFFER.write(f"{message}\n")
                if message.startswith(_STATE):
                    PRINT_BUFFER.flush()  # a state that waits in a buffer is lost with the process
    return 0


@contextlib.contextmanager
def _messages_only() -> Iterator[None]:
    """Keep all but messages away from stdout, and its messages in UTF-8 whatever the locale.

    What a library prints or warns of goes to stderr, without secrets. (The CDK's own buffer would put it between the
    messages.)
    """
    from source_lms_reports.redaction import MaskingWriter

    if isinstance(sys.__stdout__, io.TextIOWrapper) and sys.__stdout__.encoding.lower() != "utf-8":
        sys.__stdout__.reconfigure(encoding="utf-8")
    aside = MaskingWriter(sys.stderr)
    with contextlib.redirect_stdout(aside), contextlib.redirect_stderr(aside):
        yield


def _report(error: Exception) -> int:
    """Print a failure that ends the command, without secrets."""
    from airbyte_cdk.exception_handler import assemble_uncaught_exception
    from airbyte_cdk.logger import PRINT_BUFFER

    from source_lms_reports.cdk.failures import as_traced
    from source_lms_reports.cdk.masking import line_of
    from source_lms_reports.errors import ReportError, machine_fault

    error = machine_fault(error) or error
    traced = as_traced(error) if isinstance(error, ReportError) else assemble_uncaught_exception(type(error), error)
    with output_faults():
        PRINT_BUFFER.write(f"{line_of(traced.as_airbyte_message())}\n")
        PRINT_BUFFER.flush()
    return FAILED_EXIT


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import the CDK inside of this, and it takes half of its time.

    While it is imported, the CDK builds eight serializers, and serpyco-rs reads and parses the source code of every
    protocol class for descriptions in a JSON schema that is never asked for. Here it finds none. It also builds the
    classes of its manifests, and pydantic looks at the signature of each validator for each of their 1,300 fields:
    here for each validator, a tenth of the time. What imports leave behind lives as long as the process, so the garbage
    collector does not look at it, now or later.
    """
    gc.disable()
    try:
        with (
            _instead_of("attributes_doc", "get_attributes_doc", lambda _: _no_docs),
            _instead_of("pydantic.v1.class_validators", "make_generic_validator", _once_each),
        ):
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _instead_of(module: str, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """Put something in the place of a function of a library; nothing where this version of it has none."""
    holder = None
    with contextlib.suppress(ImportError):
        holder = importlib.import_module(module)
    function = getattr(holder, name, None)
    if function is None:
        yield
        return
    setattr(holder, name, make(function))
    try:
        yield
    finally:
        setattr(holder, name, function)


def _no_docs(cls: type) -> dict[str, str]:  # noqa: ARG001 - the signature is the one that it stands in for
    return {}


def _once_each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that is asked once about each object; these need not be hashable."""
    known: dict[int, tuple[Any, Any]] = {}

    def once(given: Any) -> Any:
        if id(given) not in known:
            known[id(given)] = given, function(given)  # held, so that no other object takes its id
        return known[id(given)][1]

    return once


if __name__ == "__main__":
    run()
