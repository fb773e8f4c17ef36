"""Kill a server under load, again and again, and compare after each restart."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError, ReadTimeoutError
from tests.chaos.sagelocal import processes
from tests.chaos.sagelocal.jobs import Jobs
from tests.chaos.sagelocal.ledger import HALF, LOST, ORPHANED, WRONG, Actor, Findings
from tests.chaos.sagelocal.messages import Messages, Secrets, Versions
from tests.chaos.sagelocal.objects import BUCKET, Objects, Parts
from tests.chaos.sagelocal.pipelines import Pipelines
from tests.chaos.sagelocal.prey import Prey
from tests.chaos.sagelocal.records import Queries, Records
from tests.chaos.sagelocal.serving import Asking, Changing, configure
from tests.chaos.sagelocal.versions import ObjectVersions

_LONGEST_LOADS = (0.1, 0.5, 1.5)  # seconds between a start and the next kill: amid the first calls, or later
_LONGEST_START = 1.5  # and between a launch and a kill before it is ready
_KILLED_WHILE_STARTING = 0.25  # how often that happens


class Storm:
    """One server, its load, and what was found."""

    def __init__(self, folder: Path, images: Path, seed: int, say: Callable[[str], None]) -> None:
        self.prey = Prey(folder, images)
        self.findings = Findings()
        self.kills = 0
        self._random = Random(seed)
        self._say = say
        self._actors: list[Actor] = []

    def rage(self, kills: int) -> None:
        """Start the server, kill it so many times, and end it."""
        try:
            self.prey.start()
            self._furnish()
            while self.kills < kills:
                self._round()
            self._side_by_side("finish")
            self.prey.end(signal.SIGTERM)
            for process in processes.left(self.prey.state):
                self.findings.add(ORPHANED, f"after the end: {process}")
        finally:
            self.prey.end(signal.SIGKILL)

    def line(self) -> str:
        """Return the last line of the report."""
        totals = ", ".join(f"{kind} {self.findings.total(kind)}" for kind in (LOST, HALF, ORPHANED, WRONG))
        return f"{self.kills} kills, {totals}"

    def _furnish(self) -> None:
        clients, findings = self.prey.clients, self.findings
        s3, sagemaker = clients("s3"), clients("sagemaker")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="input/data.csv", Body=b"1,2\n" * 1000)
        configure(sagemaker)

        def seeded() -> Random:
            return Random(self._random.random())

        made = [
            *(
                kind(clients, seeded(), findings)
                for kind in (Records, Messages, Secrets, Versions, ObjectVersions, Asking)
            ),
            Pipelines(clients, seeded(), findings, self.prey.state),
        ]
        for actor in made:
            actor.create()
        plain: Sequence[Actor] = [kind(clients, seeded(), findings) for kind in (Objects, Parts, Queries, Changing)]
        self._actors = [*made, *plain, Jobs(clients, seeded(), findings, self.prey.state)]

    def _round(self) -> None:
        """Load the server, kill it, start it again, and compare."""
        over = threading.Event()
        threads = [threading.Thread(target=self._load, args=(actor, over), daemon=True) for actor in self._actors]
        for thread in threads:
            thread.start()
        time.sleep(self._random.uniform(0.0, self._random.choice(_LONGEST_LOADS)))
        over.set()  # nobody begins another call; those under way are cut off
        self._kill()
        for thread in threads:
            thread.join()
        while self._random.random() < _KILLED_WHILE_STARTING:
            self.prey.launch()
            time.sleep(self._random.uniform(0.0, _LONGEST_START))
            self._kill()
        self.prey.start()
        self._side_by_side("check")
        for process in processes.unknown(self.prey.state):
            self.findings.add(ORPHANED, f"after kill {self.kills}: {process}")
        self._say(f"kill {self.kills:3d}: {sum(self.findings.done.values())} calls; {self.line()}")

    def _kill(self) -> None:
        self.prey.end(signal.SIGKILL)
        self.kills += 1

    def _load(self, actor: Actor, over: threading.Event) -> None:
        while not over.is_set():
            try:
                actor.act()
            except ReadTimeoutError as error:
                self.findings.add(WRONG, f"{type(actor).__name__} waited in vain: {error}")
            except (HTTPClientError, EndpointConnectionError):  # cut off, or sent a moment too late
                if not over.is_set():
                    self._report(actor)
            except Exception:  # noqa: BLE001 - every other answer is a finding, whatever it is
                self._report(actor)

    def _side_by_side(self, what: str) -> None:
        with ThreadPoolExecutor(len(self._actors)) as pool:
            for each in [pool.submit(self._safely, actor, what) for actor in self._actors]:
                each.result()

    def _safely(self, actor: Actor, what: str) -> None:
        try:
            getattr(actor, what)()
        except (AssertionError, BotoCoreError, ClientError, KeyError, OSError, ValueError):
            self._report(actor)

    def _report(self, actor: Actor) -> None:
        self.findings.add(WRONG, f"{type(actor).__name__}: {traceback.format_exc(limit=-3)}")
