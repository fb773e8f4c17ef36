"""A client of the server's API for faults."""

from __future__ import annotations

import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

PATH = "/_sagelocal/faults"
SERVICE = "sagelocal"


class FaultsError(Exception):
    """The server refuses; the text says why."""


class FaultsClient:
    """Arm, list and remove the faults of a server that was started with `--faults`."""

    def __init__(self, endpoint_url: str, access_key: str, secret_key: str, region: str = "us-east-1") -> None:
        self._url = f"{endpoint_url}{PATH}"
        self._signer = SigV4Auth(Credentials(access_key, secret_key), SERVICE, region)
        self._session = URLLib3Session(timeout=10)

    def add(self, action: str, **members: Any) -> dict[str, Any]:
        """Arm a fault; return it with its `id`."""
        return self._call("POST", "", {"action": action, **members})

    def list(self) -> list[dict[str, Any]]:
        """Return the armed faults, with how often each was `seen`, has `fired` and how many calls are `waiting`."""
        faults: list[dict[str, Any]] = self._call("GET")["faults"]
        return faults

    def remove(self, name: str) -> None:
        """Disarm one fault, and let go the calls that it holds."""
        self._call("DELETE", f"/{name}")

    def clear(self) -> None:
        """Disarm all faults, and let go the calls that they hold."""
        self._call("DELETE")

    def _call(self, method: str, path: str = "", document: dict[str, Any] | None = None) -> dict[str, Any]:
        data = b"" if document is None else json.dumps(document).encode()
        request = AWSRequest(method, f"{self._url}{path}", data=data, headers={"Content-Type": "application/json"})
        self._signer.add_auth(request)
        response = self._session.send(request.prepare())
        answer: dict[str, Any] = json.loads(response.content)
        if response.status_code != 200:
            raise FaultsError(answer.get("message", answer))
        return answer
