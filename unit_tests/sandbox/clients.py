"""Plain clients of the sandbox's vendors, with their credentials."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any, TypeVar

import requests

from integration_tests.sandbox import Sandbox


class Client:
    """Requests to one vendor's host, with its credentials."""

    def __init__(self, sandbox: Sandbox, vendor: str, headers: dict[str, str] | None = None) -> None:
        self.sandbox = sandbox
        self.base = sandbox.url(vendor)
        self.session = requests.Session()
        self.session.headers.update(headers or {})

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        url = path if path.startswith("http") else self.base + path
        return self.session.request(method, url, timeout=10, **more)

    def bare(self, url: str, **more: Any) -> requests.Response:
        """A GET without credentials on a connection of its own."""
        return requests.get(url, timeout=10, **more)


ClientT = TypeVar("ClientT", bound=Client)


def opened(client: ClientT) -> Iterator[ClientT]:
    """A client as a fixture gives it: its connections are closed behind the test."""
    with client.session:
        yield client


class Canvas(Client):
    """The Canvas client."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox, "canvas", {"Authorization": "Bearer canvas-token"})

    def order(self, report: str, account: str = "self", **parameters: Any) -> dict[str, Any]:
        fields = {f"parameters[{name}]": (None, value) for name, value in parameters.items()}
        answer = self("POST", f"/api/v1/accounts/{account}/reports/{report}", files=fields or None)
        answer.raise_for_status()
        run: dict[str, Any] = answer.json()
        return run

    def show(self, run: dict[str, Any]) -> dict[str, Any]:
        answer = self("GET", f"/api/v1/accounts/self/reports/{run['report']}/{run['id']}")
        answer.raise_for_status()
        shown: dict[str, Any] = answer.json()
        return shown

    def finished(self, report: str, **parameters: Any) -> dict[str, Any]:
        run = self.order(report, **parameters)
        for _ in range(20):
            run = self.show(run)
            if run["status"] in ("complete", "error", "aborted"):
                return run
        raise AssertionError(f"still {run['status']}")

    def report(self, report: str, **parameters: Any) -> requests.Response:
        return self.bare(self.finished(report, **parameters)["attachment"]["url"])


class SecondNature(Client):
    """The Second Nature client."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox, "second_nature", {"Authorization": "Token sn-key-0123456789"})

    def order(self, report: str, **asked: Any) -> requests.Response:
        return self("POST", "/api/reports/", json={"report_name": report, **asked})

    def finished(self, report: str, **asked: Any) -> dict[str, Any]:
        ticket = self.order(report, **asked).json()["ticket_id"]
        for _ in range(20):
            status: dict[str, Any] = self("GET", f"/api/reports/{ticket}/").json()
            if status["status"] in ("complete", "failed"):
                return status
        raise AssertionError("never finished")

    def report(self, report: str, **asked: Any) -> requests.Response:
        return self.bare(self.finished(report, **asked)["report_url"])


class Sana(Client):
    """The Sana client; its token allows what `scope` says."""

    def __init__(self, sandbox: Sandbox, scope: str = "read,write") -> None:
        super().__init__(sandbox, "sana")
        token = self.token(scope).json()["data"]["accessToken"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def token(self, scope: str, secret: str = "sana-client-secret") -> requests.Response:
        login = {"grant_type": "client_credentials", "client_id": "sana-client", "client_secret": secret}
        return self("POST", "/api/token", data={**login, "scope": scope})

    def order(self, query: str, form: str = "csv") -> requests.Response:
        return self("POST", "/api/v1/reports/query", json={"query": query, "format": form})

    def finished(self, query: str, form: str = "csv") -> dict[str, Any]:
        key = self.order(query, form).json()["data"]["jobId"]
        for _ in range(20):
            answer: dict[str, Any] = self("GET", f"/api/v1/reports/jobs/{key}").json()
            if answer["data"]["status"] in ("successful", "failed"):
                return answer
        raise AssertionError("never finished")

    def report(self, query: str, form: str = "csv") -> requests.Response:
        return self.bare(self.finished(query, form)["data"]["link"]["url"])


class InstructureDap(Client):
    """The DAP client."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox, "instructure_dap")
        self.log_in()

    def login(self, secret: str = "dap-client-secret", grant: str = "client_credentials") -> requests.Response:
        key = self.sandbox.config("instructure_dap")["platform"]["client_id"]
        return self("POST", "/ids/auth/login", data={"grant_type": grant}, auth=(key, secret))

    def log_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.login().json()['access_token']}"

    def order(self, table: str, namespace: str = "canvas", **asked: Any) -> requests.Response:
        body = {"format": "jsonl", **asked}
        return self("POST", f"/dap/query/{namespace}/table/{table}/data", json=body)

    def finished(self, table: str, namespace: str = "canvas", **asked: Any) -> dict[str, Any]:
        job: dict[str, Any] = self.order(table, namespace, **asked).json()
        for _ in range(20):
            if job["status"] in ("complete", "failed"):
                return job
            job = self("GET", f"/dap/job/{job['id']}").json()
        raise AssertionError("never finished")

    def parts(self, job: dict[str, Any]) -> list[str]:
        """The texts of a job's part files."""
        urls = self("POST", "/dap/object/url", json=job["objects"]).json()["urls"]
        return [gzip.decompress(self.bare(urls[one["id"]]["url"]).content).decode() for one in job["objects"]]

    def rows(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        return [json.loads(line) for part in self.parts(job) for line in part.splitlines()]


class Percipio(Client):
    """The Percipio client."""

    def __init__(self, sandbox: Sandbox) -> None:
        config = sandbox.config("percipio")["platform"]
        super().__init__(sandbox, "percipio", {"Authorization": f"Bearer {config['access_token']}"})
        self.path = f"/reporting/v1/organizations/{config['organization_id']}/report-requests/"

    def order(self, report: str, **asked: Any) -> requests.Response:
        return self("POST", self.path + report, json={"isFileRequiredInSftp": False, **asked})

    def show(self, key: str) -> requests.Response:
        return self("GET", self.path + key)

    def report(self, report: str, **asked: Any) -> requests.Response:
        key = self.order(report, **asked).json()["id"]
        for _ in range(20):
            answer = self.show(key)
            if not answer.text.startswith("{"):
                return answer
        raise AssertionError("never finished")


class AdobeLearningManager(Client):
    """The client of Adobe Learning Manager."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox, "adobe_learning_manager", {"Accept": "application/vnd.api+json"})
        self.session.headers["Authorization"] = f"oauth {self.token()['access_token']}"

    def token(self) -> dict[str, Any]:
        config = self.sandbox.config("adobe_learning_manager")["platform"]
        form = {name: config[name] for name in ("client_id", "client_secret", "refresh_token")}
        answer = requests.post(f"{self.base}/oauth/token/refresh", data=form, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def order(self, kind: str, **payload: Any) -> requests.Response:
        attributes = {"description": "test", "jobType": kind, **({"payload": payload} if payload else {})}
        headers = {"Content-Type": "application/vnd.api+json;charset=UTF-8"}
        body = {"data": {"type": "job", "attributes": attributes}}
        return self("POST", "/primeapi/v2/jobs", json=body, headers=headers)

    def show(self, key: str) -> requests.Response:
        return self("GET", f"/primeapi/v2/jobs/{key}")

    def finished(self, kind: str, **payload: Any) -> dict[str, Any]:
        key = self.order(kind, **payload).json()["data"]["id"]
        for _ in range(20):
            attributes: dict[str, Any] = self.show(key).json()["data"]["attributes"]
            if "OMPLETED" in str(attributes["status"]).upper():
                return attributes
        raise AssertionError("never finished")

    def report(self, kind: str, **payload: Any) -> requests.Response:
        return self.bare(self.finished(kind, **payload)["status"]["data"]["s3Url"])
