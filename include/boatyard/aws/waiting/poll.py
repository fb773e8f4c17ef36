"""One poller for everything that a process waits for at one AWS: few calls, and never more than so many a second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from boatyard.aws import jobs
from boatyard.aws.calls import call, trouble_of
from boatyard.aws.errors import aws_failures, is_about_credentials
from boatyard.aws.jobs import JOBS
from boatyard.aws.release import endpoints
from boatyard.aws.waiting.pauses import jittered
from boatyard.aws.waiting.watch import Ask, Look, Page, Watch

log = logging.getLogger(__name__)

CALLS_PER_SECOND = 5.0
PAGE_SIZE = 100
IDLE = 0.25  # seconds until it is seen that something new is waited for
FIRST_GAP, LONGEST_GAP = 0.5, 10.0  # seconds between two calls while AWS throttles, fails or does not answer
NEWS_EVERY = 1.0  # seconds: each news wakes everybody who waits

Answer = Callable[[Watch], None]


async def news(
    watch: Watch, client: Callable[[], Awaitable[Any]], renew: Callable[[], bool]
) -> AsyncIterator[dict[int, bool]]:
    """Yield what is over, each number once: whether it was in time, and so ended or has to be asked about elsewhere.

    Goes on for ever: whatever AWS does is no reason to stop looking. `client` gives the SageMaker client; `renew` lets
    it have the credentials of now, and tells whether those may be others.
    """
    gap = 1 / CALLS_PER_SECOND
    told: set[int] = set()
    spoke = 0.0
    while True:
        ask = watch.next(time.time())
        if ask is not None:
            answer = await _answer(client, renew, ask)
            if answer is not None:
                answer(watch)
            gap = max(1 / CALLS_PER_SECOND, gap / 4) if answer else min(max(FIRST_GAP, gap * 2), LONGEST_GAP)
        told &= watch.over.keys()
        fresh = {number: in_time for number, in_time in watch.over.items() if number not in told}
        if fresh and time.monotonic() - spoke >= NEWS_EVERY:
            spoke = time.monotonic()
            told |= fresh.keys()
            yield fresh
        await asyncio.sleep(IDLE if ask is None else jittered(gap))


async def _answer(client: Callable[[], Awaitable[Any]], renew: Callable[[], bool], ask: Ask) -> Answer | None:
    """Return what to tell the watch, `None` while AWS is in trouble that may pass."""
    try:
        return await asyncio.to_thread(_ask, await client(), ask)
    except Exception as error:  # noqa: BLE001 - one job's error must not end the wait for the others
        if isinstance(error, aws_failures()) and trouble_of(error) is not None:
            log.warning("%s cannot be asked for now: %s", ask, error)
            return None
        if is_about_credentials(error) and renew():
            log.warning("%s is asked for again with the credentials of now: %s", ask, error)
            return None
        log.warning("%s is refused: %s", ask, error)
        return lambda watch: watch.refused(ask)


def _ask(client: Any, ask: Ask) -> Answer:
    return _page(client, ask) if isinstance(ask, Page) else _look(client, ask)


def _look(client: Any, look: Look) -> Answer:
    ended = _has_ended(client, look)
    return lambda watch: watch.looked(look, ended=ended, now=time.time())


def _has_ended(client: Any, look: Look) -> bool:
    found: jobs.Job | endpoints.Endpoint | None
    if look.kind in JOBS:
        found = jobs.describe(client, look.kind, look.name, patience=0.0)
    else:
        found = endpoints.describe(client, look.name, look.wanted or "", patience=0.0)
    return found is None or found.outcome.ended


def _page(client: Any, page: Page) -> Answer:
    spelling = JOBS[page.kind]
    request = {"StatusEquals": "InProgress", "MaxResults": PAGE_SIZE}
    token = {"NextToken": page.token} if page.token else {}
    found = call(client, f"list_{spelling.method}s", request | token, patience=0.0)
    names = [summary[spelling.name_key] for summary in found[f"{spelling.noun}Summaries"]]
    return lambda watch: watch.listed(names, found.get("NextToken"), time.time())
