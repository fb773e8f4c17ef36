"""The checks, in their order, and what each needs of the ones before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from boatyard.aws.inspection.asking import Unanswered
from boatyard.cli.diagnosis import account, airflow, machine, settings
from boatyard.cli.diagnosis.finding import Finding, Level, not_checked
from boatyard.cli.diagnosis.subject import Subject


@dataclass(frozen=True)
class Check:
    """Name a check, what it does, and the checks without whose success it would only repeat their problem."""

    name: str
    look: Callable[[Subject], Iterable[Finding]]
    needs: tuple[str, ...] = ()


_ACCOUNT = ("settings", "region", "credentials")

CHECKS: tuple[Check, ...] = (
    Check("python", machine.python),
    Check("packages", machine.packages),
    Check("uv", machine.uv),
    Check("disk", machine.disk),
    Check("isolation", machine.isolation),
    Check("settings", settings.settings),
    Check("region", settings.region, ("settings",)),
    Check("models", settings.specs),
    Check("requests", settings.requests, ("settings", "region")),
    Check("credentials", account.credentials),
    Check("role", account.role, _ACCOUNT),
    Check("bucket", account.bucket, _ACCOUNT),
    Check("images", account.images, _ACCOUNT),
    Check("quotas", account.quotas, _ACCOUNT),
    Check("airflow", airflow.installed),
    Check("connection", airflow.connection),
    Check("stack", airflow.running),
)


def diagnose(subject: Subject) -> Iterator[Finding]:
    """Yield every finding as soon as it is known."""
    failed: set[str] = set()
    for check in CHECKS:
        for finding in _carried_out(check, subject, failed):
            if finding.level is Level.PROBLEM:
                failed.add(check.name)
            yield finding


def _carried_out(check: Check, subject: Subject, failed: set[str]) -> Iterator[Finding]:
    unmet = [name for name in check.needs if name in failed]
    if unmet:
        yield not_checked(check.name, f"first mend {' and '.join(unmet)}")
        return
    try:
        yield from check.look(subject)
    except Unanswered as answer:
        yield not_checked(check.name, str(answer))
