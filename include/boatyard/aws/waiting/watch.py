"""Many jobs looked after with few calls: what to ask of SageMaker next. No effects, no clock of its own.

Each job is looked at as often as its age asks for. Where many of one kind are due together, the list of what runs is
read instead: what is on it runs, and only what is missing from it is asked about by itself. So a list that is a
moment old costs a call or a round, and never a wrong answer. All times are seconds since the epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from boatyard.aws.jobs import JOBS
from boatyard.aws.waiting.pauses import LONGEST_PAUSE, jittered, pause

LIST_FROM = 10  # so many due at once; a page of a list tells of a hundred


@dataclass(frozen=True)
class Look:
    """Describe one job or endpoint; `wanted` is the configuration that an endpoint is to serve."""

    kind: str
    name: str
    wanted: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Page:
    """List a page of the jobs of a kind that run."""

    kind: str
    token: str | None = None

    def __str__(self) -> str:
        return f"the list of running {self.kind} jobs"


Ask = Look | Page


@dataclass
class Watched:
    """Hold what somebody waits for, since when it exists, and until when it is waited for."""

    look: Look
    born: float
    deadline: float | None = None
    longest: float = LONGEST_PAUSE
    due: float = 0.0
    unlisted: bool = False  # a list that should have shown it did not: only a look at itself can tell


@dataclass
class _Listing:
    page: Page
    missing: set[str] = field(default_factory=set)


class Watch:
    """Keep what is waited for, by the number that `add` gives to each, and `over`: what is so no longer."""

    def __init__(self) -> None:
        self.over: dict[int, bool] = {}  # number -> whether it ended, or may have, before its deadline
        self._watched: dict[int, Watched] = {}
        self._numbers = count()
        self._listing: _Listing | None = None
        self._unlistable: set[str] = set()

    def __len__(self) -> int:
        return len(self._watched)

    def add(self, watched: Watched, now: float) -> int:
        """Watch one more; whoever hands it over has just looked at it."""
        number = next(self._numbers)
        self._watched[number] = watched
        self._put_off(watched, now)
        return number

    def remove(self, number: int) -> None:
        """Forget it."""
        self._watched.pop(number, None)
        self.over.pop(number, None)

    def next(self, now: float) -> Ask | None:
        """Return what to ask now, `None` if nothing is due."""
        for number, watched in list(self._watched.items()):
            if watched.deadline is not None and watched.deadline <= now:
                self._is_over(number, in_time=False)
        if self._listing is not None:
            return self._listing.page
        due = [watched for watched in self._watched.values() if watched.due <= now]
        kind = self._crowded(due)
        if kind is not None:
            names = {watched.look.name for watched in self._watched.values() if watched.look.kind == kind}
            self._listing = _Listing(Page(kind), names)
            return self._listing.page
        return min(due, key=lambda watched: watched.due).look if due else None

    def looked(self, look: Look, *, ended: bool, now: float) -> None:
        """Take note of how something stands."""
        for number, watched in self._like(look):
            if ended:
                self._is_over(number, in_time=True)
            else:
                self._put_off(watched, now)

    def listed(self, running: Iterable[str], token: str | None, now: float) -> None:
        """Take note of a page: these jobs run."""
        listing = self._listing
        if listing is None:
            return
        names = set(running)
        listing.missing -= names
        kind = listing.page.kind
        for watched in self._watched.values():
            if watched.look.kind == kind and watched.look.name in names:
                self._put_off(watched, now)
        if token is not None:
            listing.page = Page(kind, token)
            return
        self._listing = None
        for watched in self._watched.values():
            if watched.look.kind == kind and watched.look.name in listing.missing:
                watched.unlisted, watched.due = True, now

    def refused(self, ask: Ask) -> None:
        """Take note that this cannot be asked: whoever waits asks for itself, and tells what is wrong."""
        if isinstance(ask, Page):
            self._listing = None
            self._unlistable.add(ask.kind)
            return
        for number, _ in self._like(ask):
            self._is_over(number, in_time=True)

    def _crowded(self, due: list[Watched]) -> str | None:
        kinds = Counter(watched.look.kind for watched in due if not watched.unlisted)
        crowded = (kind for kind, number in kinds.most_common(1) if number >= LIST_FROM and kind in JOBS)
        kind = next(crowded, None)
        return None if kind in self._unlistable else kind

    def _like(self, look: Look) -> list[tuple[int, Watched]]:
        return [(number, watched) for number, watched in self._watched.items() if watched.look == look]

    def _put_off(self, watched: Watched, now: float) -> None:
        watched.unlisted = False
        watched.due = now + jittered(pause(max(0.0, now - watched.born), watched.longest))

    def _is_over(self, number: int, *, in_time: bool) -> None:
        del self._watched[number]
        self.over[number] = in_time
