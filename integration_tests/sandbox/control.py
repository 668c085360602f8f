"""The control API, `/_sandbox/...` on every API port: for tests that run the sandbox as a process.

| request | what it does |
|---|---|
| `GET /_sandbox/config[?vendor=]` | the config of each platform |
| `GET /_sandbox/journal[?vendor=&kind=&host=&method=]` | the journal |
| `DELETE /_sandbox/journal` | clear it |
| `GET /_sandbox/faults` | active faults, and how often each struck |
| `POST /_sandbox/faults` `{"spec": "..."}` or `{"specs": [...]}` | switch faults on |
| `DELETE /_sandbox/faults` | switch all off |
| `GET /_sandbox/jobs[?vendor=&running=true]` | jobs; `running=true`: only those that have not ended |
| `GET /_sandbox/streams?vendor=` | names of the streams |
| `GET /_sandbox/truth?vendor=&stream=[&option=value]` | the records a full refresh must emit, as JSON lines |
| `POST /_sandbox/mutate` `{"vendor", "table", "add": [..], "update": {"3": {..}}, "remove": [..]}` | change rows |
| `POST /_sandbox/settings` `{"vendor", "settings": {..}}` | set switches of a vendor |
| `POST /_sandbox/act` `{"vendor", "action", "args": {..}}` | a vendor's own action, e.g. Canvas `seed_run` |
| `POST /_sandbox/clock` `{"advance": seconds}` or `{"set": epoch}` | move the clock; answers `{"now": epoch}` |
| `POST /_sandbox/reset` | forget jobs, links, tokens, quotas, faults, changes and the journal |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .core import FileBody, Request, Response, Route, find_route, json_response
from .faults import UnknownFault
from .server import json_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .world import Vendor, World

PREFIX = "/_sandbox/"


class Control:
    """Answers the control routes.

    Args:
        reset: Forgets everything that belongs to a run.
    """

    def __init__(self, world: World, vendors: Mapping[str, Vendor], reset: Callable[[], None]) -> None:
        self._world = world
        self._vendors = vendors
        self._reset = reset
        self._routes = [Route(m, PREFIX + path, handler) for m, path, handler in self._table()]

    def _table(self) -> list[tuple[str, str, Callable[[Request], Response]]]:
        return [
            ("GET", "config", self._config),
            ("GET", "journal", self._journal),
            ("DELETE", "journal", self._clear_journal),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._add_faults),
            ("DELETE", "faults", self._clear_faults),
            ("GET", "jobs", self._jobs),
            ("GET", "streams", self._streams),
            ("GET", "truth", self._truth),
            ("POST", "mutate", self._mutate),
            ("POST", "settings", self._settings),
            ("POST", "act", self._act),
            ("POST", "clock", self._clock),
            ("POST", "reset", self._forget),
        ]

    def answer(self, request: Request) -> Response:
        """One control request; 404 for an unknown one, 400 for one that cannot be carried out."""
        route = find_route(self._routes, request)
        if route is None:
            return json_response({"error": "no such control route", "routes": [r.pattern for r in self._routes]}, 404)
        try:
            return route.handler(request)
        except (KeyError, UnknownFault, TypeError, ValueError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, 400)

    def _config(self, request: Request) -> Response:
        wanted = request.param("vendor")
        return json_response({n: {"platform": v.config()} for n, v in self._vendors.items() if wanted in (None, n)})

    def _journal(self, request: Request) -> Response:
        return json_response([e.as_json() for e in self._world.journal.entries(**dict(request.query))])

    def _clear_journal(self, _request: Request) -> Response:
        self._world.journal.clear()
        return json_response({"cleared": True})

    def _faults(self, _request: Request) -> Response:
        return json_response([vars(fault) for fault in self._world.faults.active()])

    def _add_faults(self, request: Request) -> Response:
        specs = request.json.get("specs") or [request.json["spec"]]
        return json_response([vars(self._world.faults.add(spec)) for spec in specs])

    def _clear_faults(self, _request: Request) -> Response:
        self._world.faults.clear()
        return json_response({"cleared": True})

    def _jobs(self, request: Request) -> Response:
        book, vendor = self._world.jobs, request.param("vendor")
        jobs = book.running(vendor) if request.param("running") == "true" else book.of(vendor)
        return json_response([job.as_json() for job in jobs])

    def _vendor(self, name: Any) -> Vendor:
        return self._vendors[str(name)]

    def _streams(self, request: Request) -> Response:
        return json_response(self._vendor(request.param("vendor")).streams())

    def _truth(self, request: Request) -> Response:
        options = dict(request.query)
        lines = json_lines(self._vendor(options.pop("vendor")).truth(options.pop("stream"), **options))

        def write(path: Path) -> None:
            with path.open("wb") as target:
                target.writelines(lines)

        key = f"truth-{id(request)}-{self._world.clock.now()}"
        return Response(200, [("Content-Type", "application/x-ndjson")], FileBody(self._world.cache.build(key, write)))

    def _mutate(self, request: Request) -> Response:
        data = request.json
        update = {int(number): cells for number, cells in data.get("update", {}).items()}
        self._world.overlay.change(data["vendor"], data["table"], update, data.get("remove", ()), data.get("add", ()))
        return json_response({"version": self._world.overlay.version(data["vendor"], data["table"])})

    def _settings(self, request: Request) -> Response:
        self._vendor(request.json["vendor"]).apply_settings(request.json["settings"])
        return json_response({"applied": True})

    def _act(self, request: Request) -> Response:
        data = request.json
        return json_response(self._vendor(data["vendor"]).act(data["action"], **data.get("args", {})))

    def _clock(self, request: Request) -> Response:
        if "set" in request.json:
            self._world.clock.set(float(request.json["set"]))
        self._world.clock.advance(float(request.json.get("advance", 0)))
        return json_response({"now": self._world.clock.now()})

    def _forget(self, _request: Request) -> Response:
        self._reset()
        return json_response({"reset": True})
