"""A browser as far as the console needs one."""

from __future__ import annotations

import http.client
import subprocess
import sys
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.contract.conftest import LocalServer

ROOT = "/_console"


@dataclass
class Answer:
    """What a browser gets."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Browser:
    """Send what a browser sends: no signature, its cookie if it has one."""

    server: LocalServer
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        address = urlsplit(self.server.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, headers=sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read().decode(errors="replace"))
        finally:
            connection.close()

    def log_in(self, link: str) -> Answer:
        answer = self.get(link.removeprefix(self.server.url))
        if "set-cookie" in answer.headers:
            self.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        return answer


def login_link(server: LocalServer) -> str:
    """Return what `sagelocal console` prints."""
    command = [sys.executable, "-m", "sagelocal", "console", "--state", str(server.state)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
