"""Faults of sagelocal that outlive sagelocal's own death: they are armed again by whoever waits for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError

from sagelocal.faults.client import FaultsClient, FaultsError


def faults(aws: Mapping[str, str]) -> FaultsClient:
    """Return a client of the faults of the sagelocal that `aws` points at."""
    return FaultsClient(aws["AWS_ENDPOINT_URL"], aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"])


@dataclass
class Armed:
    """One fault, and what is known of it."""

    aws: Mapping[str, str]
    action: str
    how: Mapping[str, object]
    id: str = ""
    fired: int = 0
    holds: int = 0  # calls at this moment

    def look(self) -> None:
        """Ask what became of it; arm it if it is not there, unless it did its work before its server died."""
        client = faults(self.aws)
        try:
            found = [one for one in client.list() if one["id"] == self.id and one["action"] == self.action]
            if found:
                self.fired, self.holds = found[0]["fired"], found[0]["waiting"]
            elif not self.fired:
                self.id = str(client.add(self.action, **self.how)["id"])
        except (BotoCoreError, ValueError):  # nobody listens: sagelocal is just being started again
            self.holds = 0

    def disarm(self) -> None:
        """Take it away, and let go what it holds."""
        try:
            self.look()
            faults(self.aws).remove(self.id)
        except (BotoCoreError, ValueError, FaultsError):  # gone with its server
            return
