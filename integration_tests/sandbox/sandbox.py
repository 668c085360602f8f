"""The sandbox itself: all vendors' hosts, started and stopped together."""

from __future__ import annotations

import os
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .cache import Cache
from .clock import Clock
from .control import PREFIX, Control
from .core import Request, Response, find_route, json_response
from .data import Overlay
from .downloads import Downloads
from .faults import Fault, Faults
from .jobs import Job, JobBook
from .journal import Entry, Journal
from .server import Host
from .vendors import VENDORS
from .world import Record, Vendor, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

API_ADDRESS = "127.0.0.1"
FILES_NAME = "localhost"
ANCHOR = datetime(2026, 1, 15, tzinfo=timezone.utc).timestamp()


class Sandbox:
    """A context manager that runs all vendors.

    Args:
        rows: The size of the main reports.
        seed: Another seed gives other data.
        faults: Faults that are on from the start (see `faults.py`).
        clock: The vendors' time in seconds since 1970; the machine's time when None.
        anchor: Seconds since 1970 at which the generated times end (2026-01-15).
        settings: Switches by vendor, e.g. `{"canvas": {"semicolon": True}}`.
        job_polls: The poll on which a healthy job is ready.
        port: The first of a row of ports, one a vendor and one for files; 0 takes free ones.
        watch: Told of each request before it is answered.
        cache_dir: Keep generated files here for further runs; also the environment variable `LMS_SANDBOX_CACHE`.
    """

    def __init__(
        self,
        rows: int = 50,
        seed: int = 1,
        faults: list[str] | None = None,
        clock: Callable[[], float] | None = None,
        *,
        anchor: float = ANCHOR,
        settings: dict[str, dict[str, Any]] | None = None,
        job_polls: int = 2,
        port: int = 0,
        cache_dir: Path | None = None,
        watch: Callable[[Request], None] = lambda _: None,
    ) -> None:
        kept = os.environ.get("LMS_SANDBOX_CACHE")
        directory = cache_dir or (Path(kept) if kept else None)
        self.clock = Clock(clock)
        self.faults = Faults(faults)
        self.journal = Journal()
        self.problems: list[str] = []
        cache = Cache(directory)
        self.world = World(
            rows=rows,
            seed=seed,
            anchor=anchor,
            clock=self.clock,
            faults=self.faults,
            journal=self.journal,
            jobs=JobBook(self.clock, self.faults, job_polls),
            downloads=Downloads(self.clock, self.faults, cache, seed),
            cache=cache,
            overlay=Overlay(),
        )
        self.vendors: dict[str, Vendor] = {
            name: make(self.world, (settings or {}).get(name, {})) for name, make in VENDORS.items()
        }
        self._control = Control(self.world, self.vendors, self.reset)
        self._first_port = port
        self._watch = watch
        self._hosts: list[Host] = []

    def __enter__(self) -> Sandbox:
        names = [*self.vendors, "files"]
        for place, name in enumerate(names):
            port = self._first_port + place if self._first_port else 0
            self._hosts.append(Host(API_ADDRESS, port, name, self._answer, self.problems, self.clock.now))
        for host in self._hosts:
            if host.vendor == "files":
                self.world.downloads.origin = f"http://{FILES_NAME}:{host.port}"
            else:
                self.vendors[host.vendor].origin = f"http://{API_ADDRESS}:{host.port}"
            host.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._hosts:
            self._hosts.pop().stop()
        self.world.jobs.close()
        for vendor in self.vendors.values():
            vendor.close()
        self.world.cache.close()
        if self.problems and error is None:
            raise RuntimeError("the sandbox itself failed:\n" + "\n".join(self.problems))

    def url(self, vendor: str) -> str:
        """The address of a vendor's host, without a path."""
        return self.vendors[vendor].origin

    @property
    def files_url(self) -> str:
        """The address of the download host."""
        return self.world.downloads.origin

    def config(self, vendor: str, **more: Any) -> dict[str, Any]:
        """A whole connector config for a vendor; `more` is merged into its `platform` part."""
        return {"platform": {**self.vendors[vendor].config(), **more}}

    def streams(self, vendor: str) -> list[str]:
        return self.vendors[vendor].streams()

    def truth(self, vendor: str, stream: str, **options: Any) -> Iterator[Record]:
        """The records which a full refresh of a stream must emit, in the order of the report."""
        return self.vendors[vendor].truth(stream, **options)

    def fault(self, spec: str) -> Fault:
        """Switch a fault on now."""
        return self.faults.add(spec)

    def mutate(
        self,
        vendor: str,
        table: str,
        *,
        add: list[dict[str, Any]] | None = None,
        update: dict[int, dict[str, Any]] | None = None,
        remove: list[int] | None = None,
    ) -> None:
        """Change a vendor's rows between two syncs (see `Overlay.change`)."""
        self.world.overlay.change(vendor, table, update, remove or (), add or ())

    def act(self, vendor: str, action: str, **args: Any) -> Any:
        """A vendor's own action, e.g. `act("canvas", "seed_run", report=..., status=...)`."""
        return self.vendors[vendor].act(action, **args)

    def jobs(self, vendor: str | None = None) -> list[Job]:
        return self.world.jobs.of(vendor)

    def running_jobs(self, vendor: str | None = None) -> list[Job]:
        """Jobs left running at a vendor."""
        return self.world.jobs.running(vendor)

    def requests(self, vendor: str | None = None, kind: str | None = None) -> list[Entry]:
        """Journal entries of a vendor and kind (see `core.Route`)."""
        wanted = {name: value for name, value in (("vendor", vendor), ("kind", kind)) if value}
        return self.journal.entries(**wanted)

    def reset(self) -> None:
        """Forget jobs, links, tokens, quotas, faults, changes and the journal."""
        self.world.jobs.reset()
        self.world.downloads.reset()
        self.world.overlay.reset()
        self.faults.clear()
        self.journal.clear()
        for vendor in self.vendors.values():
            vendor.reset()

    def _answer(self, request: Request) -> tuple[Response, Entry | None]:
        if request.host == "api" and request.path.startswith(PREFIX):
            return self._control.answer(request), None
        entry = self.journal.open(request, self.clock.now())
        try:
            response = self._api(request) if request.host == "api" else self._file(request)
        except Exception:  # noqa: BLE001 - a bug of the sandbox must fail the test that met it
            self.problems.append(traceback.format_exc())
            request.mark("sandbox-bug")
            response = json_response({"sandbox": "bug"}, 500)
        entry.vendor, entry.kind, entry.report = request.vendor, request.kind, request.report
        return response, entry

    def _file(self, request: Request) -> Response:
        self._watch(request)
        return self.world.downloads.answer(request)

    def _api(self, request: Request) -> Response:
        vendor = self.vendors[request.vendor]
        route = find_route(vendor.routes, request)
        if route is None:
            return vendor.error(404)
        request.report = vendor.identify(request)
        self._watch(request)
        drawn = self.faults.draw_request(request.kind, vendor.name, request.report)
        if drawn is None:
            return route.handler(request)
        effect, fault = drawn
        request.mark(f"fault:{fault.name}")
        here = f"{vendor.origin}{request.path}?{urlencode(request.query)}"
        return vendor.faulty(effect, fault, lambda: route.handler(request), self.files_url + request.path, here)
