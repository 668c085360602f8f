"""The console script."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from source_lms_reports.source import SourceLmsReports

_STATE = '{"type":"STATE"'
_SIGTERM_EXIT = 128 + int(signal.SIGTERM)
_CLOSED_PIPE_EXIT = 120
_USAGE_EXIT = 2


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


class _Terminated(BaseException):
    """SIGTERM has come."""


def run(args: list[str] | None = None) -> None:
    """Run the command line.

    Args:
        args: The arguments after the program's name; by default those of the process.
    """
    arguments = sys.argv[1:] if args is None else args
    if not arguments or arguments[0] in ("-h", "--help"):
        _help(sys.stdout if arguments else sys.stderr)
        _leave(0 if arguments else _USAGE_EXIT)
        return
    signal.signal(signal.SIGTERM, _terminate)
    with quick_imports():
        from source_lms_reports.source import SourceLmsReports

        source = SourceLmsReports()
    code = 0
    try:
        _print_messages(source, arguments)
    except _Terminated:
        code = _SIGTERM_EXIT
    except BrokenPipeError:
        code = _CLOSED_PIPE_EXIT
    except Exception as error:  # noqa: BLE001 - the last one to hear of it
        code = _report(error)
    finally:
        source.close()
    _leave(code)


def _help(out: TextIO) -> None:
    from source_lms_reports.platforms.model import platform_names

    out.write(_HELP.replace("{platforms}", ", ".join(platform_names())))


def _print_messages(source: SourceLmsReports, arguments: list[str]) -> None:
    from airbyte_cdk.logger import PRINT_BUFFER

    from source_lms_reports.cdk.entrypoint import ReportEntrypoint

    entrypoint = ReportEntrypoint(source)
    parsed = entrypoint.parse_args(arguments)
    with PRINT_BUFFER:
        for message in entrypoint.run(parsed):
            print(f"{message}\n", end="")
            if message.startswith(_STATE):
                PRINT_BUFFER.flush()  # a state that waits in a buffer is lost with the process


def _report(error: Exception) -> int:
    """Print a failure that ends the command, without secrets."""
    import orjson
    from airbyte_cdk.exception_handler import assemble_uncaught_exception
    from airbyte_cdk.models import AirbyteMessageSerializer

    from source_lms_reports.cdk.failures import as_traced
    from source_lms_reports.errors import ReportError
    from source_lms_reports.redaction import redact

    traced = as_traced(error) if isinstance(error, ReportError) else assemble_uncaught_exception(type(error), error)
    print(redact(orjson.dumps(AirbyteMessageSerializer.dump(traced.as_airbyte_message())).decode()))
    return 1


def _terminate(_signum: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _leave(code: int) -> None:
    """End at once where threads may still wait for the vendor; their work is safe in the state."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or _CLOSED_PIPE_EXIT
    if code == _SIGTERM_EXIT:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)  # clients tell a good end from a failure by the signal
    if code:
        os._exit(code)  # also where SIGTERM does nothing: in the first process of a container


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import the CDK inside of this, and it takes half of its time.

    While it is imported, the CDK builds eight serializers, and serpyco-rs reads and parses the source code of every
    protocol class for descriptions in a JSON schema that is never asked for. Here it finds none. What imports leave
    behind lives as long as the process, so the garbage collector does not look at it, now or later.
    """
    gc.disable()
    try:
        with _without_attribute_docs():
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _without_attribute_docs() -> Iterator[None]:
    try:
        import attributes_doc
    except ImportError:  # a serpyco-rs that does without
        yield
        return
    read = attributes_doc.get_attributes_doc
    attributes_doc.get_attributes_doc = _no_docs
    try:
        yield
    finally:
        attributes_doc.get_attributes_doc = read


def _no_docs(cls: type) -> dict[str, str]:  # noqa: ARG001 - the signature is the one that it stands in for
    return {}


if __name__ == "__main__":
    run()
