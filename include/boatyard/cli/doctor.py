"""boatyard doctor: say what is wrong with an environment and how to mend it."""

import argparse
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from boatyard.cli.diagnosis.checks import diagnose
from boatyard.cli.diagnosis.finding import Finding, Level
from boatyard.cli.diagnosis.subject import find_subject
from boatyard.cli.home import Home

HELP = "say what is wrong with this environment and how to mend it; exit code 1 on a problem"

# Variables whose values are never shown, wherever an answer may quote them.
_SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|FERNET|_CONN_|SQL_ALCHEMY_CONN|BROKER_URL|RESULT_BACKEND")
_SHORTEST_SECRET = 6
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")
_PLURALS = {Level.PROBLEM: "problem", Level.WARNING: "warning", Level.OK: "all right", Level.NOT_CHECKED: "not checked"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the form of the answer."""
    parser.add_argument("--json", action="store_true", help="print JSON, one list of findings")


def run(arguments: argparse.Namespace) -> int:
    """Print every finding as it comes; return 1 if one of them is a problem."""
    subject = find_subject(Home.here())
    hidden = secrets_of({**os.environ, **subject.environment})
    if not arguments.json:
        print(without(f"Looking at {subject.words}", hidden), flush=True)
    found = []
    for finding in diagnose(subject):
        found.append(finding)
        if not arguments.json:
            print(without(_line(finding), hidden), flush=True)
    if arguments.json:
        print(without(json.dumps([_plain(finding) for finding in found], indent=2), hidden))
    else:
        print(f"\n{_summary(found)}")
    return 1 if any(finding.level is Level.PROBLEM for finding in found) else 0


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that must not be shown, longest first."""
    values = {value for name, value in environment.items() if _SECRET.search(name) and len(value) >= _SHORTEST_SECRET}
    return tuple(sorted(values, key=len, reverse=True))


def without(text: str, hidden: Iterable[str]) -> str:
    """Return a text with every secret and every URL's user and password struck out."""
    for value in hidden:
        text = text.replace(value, "***")
    return _USER_INFO.sub("***@", text)


def _line(finding: Finding) -> str:
    line = f"{finding.level.value:<12} {finding.what:<12} {finding.words}"
    return f"{line}\n{'':<26}mend: {finding.mend}" if finding.mend else line


def _plain(finding: Finding) -> dict[str, str]:
    return {"level": finding.level.value, "what": finding.what, "words": finding.words, "mend": finding.mend}


def _summary(found: Iterable[Finding]) -> str:
    counts = Counter(finding.level for finding in found)
    return ", ".join(f"{counts[level]} {_plural(level, counts[level])}" for level in _PLURALS if counts[level])


def _plural(level: Level, count: int) -> str:
    word = _PLURALS[level]
    return f"{word}s" if count != 1 and level in (Level.PROBLEM, Level.WARNING) else word
