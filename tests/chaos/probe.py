"""Somebody who asks the endpoint all the time."""

import threading
import time
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError
from tests.chaos.battlefield import Battlefield
from tests.chaos.judge import Finding, Kind

_PAUSE = 0.25  # seconds
# sagelocal is the machine here: while it is dead nobody can answer. Seconds around an outage that count to it.
_BEFORE, _AFTER = 1.0, 0.5


@dataclass
class Probe:
    """Ask an endpoint four times a second, and note each time it does not answer."""

    battlefield: Battlefield
    endpoint: str
    answered: int = 0
    failures: list[tuple[float, float, str]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(60)

    def _ask(self) -> None:
        while not self._over.wait(_PAUSE):
            began = time.time()
            try:
                answer = self.battlefield.sagemaker.runtime.invoke_endpoint(
                    EndpointName=self.endpoint, Body=b"still there?"
                )
                assert answer["Body"].read() == b"still there?"
                self.answered += 1
            except (ClientError, BotoCoreError) as error:
                self.failures.append((began, time.time(), str(error)))

    def findings(self) -> list[Finding]:
        """Return what went wrong outside the times when sagelocal was dead."""
        out = [
            f"{time.strftime('%H:%M:%S', time.gmtime(began))}: {text}"
            for began, ended, text in self.failures
            if not any(ended >= died - _BEFORE and began <= back + _AFTER for died, back in self.battlefield.outages)
        ]
        if not self.answered:
            return [Finding(Kind.WRONG, "endpoint", "it never answered")]
        if not out:
            return []
        return [Finding(Kind.WRONG, "endpoint", f"it did not answer {len(out)} of {self.answered} times: {out[0]}")]
