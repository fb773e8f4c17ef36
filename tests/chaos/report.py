"""The table, and the line that counts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.campaign import Campaign, Fired
from tests.chaos.judge import Finding, Kind


def lines(ours: Campaign, theirs: Campaign | None) -> Iterator[str]:
    """Yield the report; its last line is the sum of our own operators."""
    yield from _table(ours, theirs)
    for title, campaign in (("Boatyard's operators", ours), ("the provider's operators", theirs)):
        if campaign is not None:
            yield f"\nWhat went wrong with {title}:"
            yield from _details(campaign)
    if theirs is not None:
        yield f"\nthe provider's operators: {total(theirs)}"
    yield total(ours)


def total(campaign: Campaign) -> str:
    """Return `N faults, lost N, doubled N, orphaned N, wrong outcomes N`."""
    count = Counter(finding.kind for finding in campaign.findings)
    return (
        f"{faults(campaign)} faults, lost {count[Kind.LOST]}, doubled {count[Kind.DOUBLED]}, "
        f"orphaned {count[Kind.ORPHANED]}, wrong outcomes {count[Kind.WRONG]}"
    )


def faults(campaign: Campaign) -> int:
    """Return how many faults hit something."""
    return sum(one.hit for many in campaign.fired.values() for one in many)


def _table(ours: Campaign, theirs: Campaign | None) -> Iterator[str]:
    mine, other = _rows(ours), _rows(theirs) if theirs else {}
    head = ("fault", "where", "faults", "runs beside", "what happened", "the provider's operators")
    widths = "{:<37} {:<34} {:>6} {:>11}  {:<38} {}"
    yield widths.format(*head).rstrip()
    for row in sorted({*mine, *other}):
        done = [one for one, _ in mine.get(row, [])]
        beside = [one.beside for one in done]
        seen = f"{min(beside)}-{max(beside)}" if beside else ""
        shown = (_happened(mine.get(row, [])), _happened(other.get(row, [])))
        yield widths.format(*row, len(done) or "", seen, *shown).rstrip()


Row = tuple[Fired, list[Finding]]


def _rows(campaign: Campaign) -> dict[tuple[str, str], list[Row]]:
    rows = defaultdict(list)
    for run, many in campaign.fired.items():
        found = [finding for finding in campaign.findings if finding.run == run]
        for one in many:
            if one.hit:
                where = one.fault.where if one.came else "at random"
                rows[one.fault.what, where].append((one, found))
    return rows


def _happened(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    count = Counter(finding.kind.value for _, findings in rows for finding in findings)
    return ", ".join(f"{number} {kind}" for kind, number in count.items()) or "as it should"


def _details(campaign: Campaign) -> Iterator[str]:
    for finding in campaign.findings:
        hits = ", ".join(
            f"{one.fault.what} at {one.fault.task}, {one.fault.where}"
            for one in campaign.fired.get(finding.run, [])
            if one.hit
        )
        yield f"  {finding.kind.value}: {finding.run}: {finding.text}; faults of this run: {hits or 'none of its own'}"
    if not campaign.findings:
        yield "  nothing"
