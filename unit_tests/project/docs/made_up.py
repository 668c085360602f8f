"""Made-up platforms, one of each pattern, as files of a stranger's; and the server that behaves as they say."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

from unit_tests.project.docs.local_server import LocalHandler, LocalServer

_SPEC = """
base_url: "{{ platform.base_url }}"
spec:
  title: Made up
  description: Made up.
  type: object
  required: [name, base_url, token]
  additionalProperties: false
  properties:
    name: {type: string, title: Platform, const: NAME, order: 0}
    base_url: {type: string, title: Address, description: Where it is., order: 1}
    token: {type: string, title: Token, description: From its settings., airbyte_secret: true, order: 2}
authenticators: {default: {type: BearerAuthenticator, api_token: "{{ platform.token }}"}}
policy: {cadence: unstated, max_interval: 60, source: INFERRED}
"""

REPEATING = """
name: repeating
title: Repeating
pattern: repeat
requests:
  check: {path: /me}
  order: {path: "/repeat/{{ report }}", parameters_in: query}
check: {request: check}
job: {http_statuses: {202: running, 200: ready}}
files: {format: csv, ends_with_line_end: true}
reports:
  plays:
    windows:
      unit: days
      length: P6M
      default_start: P1M
      constants: always
      parameters: {from: "{{ window.start }}", to: "{{ window.end }}"}
    streams: {plays: {cursor: _report_end}}
"""

PAGED = """
name: paged
title: Paged
pattern: pages
requests:
  check: {path: /me}
  people: {path: /people, records: [rows], pages: next_url, next: [next], count: [total], parameters_in: query}
check: {request: check, expect: object}
files: {format: json, records: [rows]}
reports:
  people:
    request: people
    windows: {unit: span, parameters: {changed_since: "{{ window.start }}"}}
    streams: {people: {primary_key: [id], cursor: changed}}
"""

READY = """
name: ready
title: Ready
pattern: files
requests:
  sets: {path: /sets, records: [sets]}
  files: {path: "/sets/{{ item.id }}/files", records: [files]}
check: {}
files: {format: csv, ends_with_line_end: true}
ready:
  prefix: "file "
  column: _made_at
  changes_apart: P2D
  sources:
    - {request: sets, name: [name], files: files, kind: [kind], full: full, moment: [made_at], link: [url]}
  keys: {file_people: [id]}
"""

POLLED = """
name: polled
title: Polled
pattern: ticket
requests:
  check: {path: /nothing}
  order:
    method: POST
    path: /orders
    headers: {Accept: application/json}
    json: {job: {kind: "{{ job_type }}", sort: {field: id, order: asc}, note: "{{ none }}"}}
    parameters_in: json
    parameters_at: [job, filters]
    pairs: {name: Name, value: Value}
  poll: {path: "/orders/{{ ticket.id }}"}
check: {request: check, good: [404]}
quotas: [{count: 3, per_seconds: 86400, per: report}]
job:
  id: [[id], [job, id]]
  status: [state]
  statuses: {busy: running, done: ready}
  words: [error]
  report_in_poll: true
  failed_if: [error]
files: {format: auto}
reports:
  grades:
    job_type: GRADES
    parameters: {term: T1}
    windows:
      unit: span
      whole_first: true
      constants: if_cursor
      parameters: {from: "{{ window.start }}"}
      follow_up: {rows: 2, column: id, parameter: after}
    streams: {grades: {cursor: _report_end}}
""".replace('note: "{{ none }}"', 'note: ""')

PLATFORMS = {
    name: text + _SPEC.replace("NAME", name)
    for name, text in {"repeating": REPEATING, "paged": PAGED, "ready": READY, "polled": POLLED}.items()
}
FILES = {
    "1": ("full", "2026-01-01T00:00:00Z", "id,name\n1,Ada\n2,Omar\n"),
    "2": ("changes", "2026-01-02T00:00:00Z", "id,name\n2,Omar B.\n"),
}


class MadeUp(LocalServer):
    """Answers as the platform files say. `asked` tells what was asked for."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: list[str] = []


class _Handler(LocalHandler, BaseHTTPRequestHandler):
    server: MadeUp

    def do_HEAD(self) -> None:
        self._answer(200, "")

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.asked.append(self.path)
        if path == "/me":
            self._answer(200, "{}")
        elif path.startswith("/repeat/"):
            self._answer(202, "") if self.server.is_first(self.path) else self._answer(200, "who,what\nAda,play\n")
        elif path == "/people":
            self._people(query)
        elif path == "/sets":
            self._answer(200, json.dumps({"sets": [{"id": 7, "name": "People"}]}))
        elif path == "/sets/7/files":
            files = [{"kind": k, "made_at": at, "url": f"/files/{n}"} for n, (k, at, _) in FILES.items()]
            self._answer(200, json.dumps({"files": files}))
        elif path.startswith("/files/"):
            self._answer(200, FILES[path.removeprefix("/files/")][2])
        elif path.startswith("/orders/"):
            self._order(int(path.removeprefix("/orders/")))
        else:
            self._answer(404, '{"error": "nothing here"}')

    def do_POST(self) -> None:
        self.server.orders.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(202, json.dumps({"id": str(len(self.server.orders))}))

    def _people(self, query: str) -> None:
        if "page=2" in query:
            self._answer(200, '{"rows": [{"id": 2, "changed": "2026-01-02T00:00:00Z"}], "total": 2}')
            return
        first = {"rows": [{"id": 1, "changed": "2026-01-01T00:00:00Z"}], "total": 2, "next": "/people?page=2"}
        self._answer(200, json.dumps(first))

    def _order(self, number: int) -> None:
        filters = {one["Name"]: one["Value"] for one in self.server.orders[number - 1]["job"]["filters"]}
        if self.server.is_first(f"order {number}"):
            self._answer(200, '{"state": "busy"}')
        elif "after" in filters:
            self._answer(200, "id,grade\n3,C\n")
        else:
            self._answer(200, "id,grade\n1,A\n2,B\n")

    def _answer(self, status: int, body: str) -> None:
        self.answer(status, body, "application/json" if body.startswith("{") else "text/csv")
