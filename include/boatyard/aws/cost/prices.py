"""The table of list prices: what an instance costs in an hour."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from boatyard.aws.errors import PermanentError
from boatyard.spec.problems import nearest

VERSION = 1
VARIABLE = "BOATYARD_PRICES"  # a file of the same form, in place of the table that comes with Boatyard
OWN_TABLE = Path(__file__).with_name("prices.json")


class PriceTableError(PermanentError):
    """A table of prices that cannot be read."""


class UnpricedError(PermanentError):
    """An instance or a region that the table of prices does not have."""


@dataclass(frozen=True)
class Prices:
    """Prices on demand, USD per instance and hour, by region and instance type."""

    date: str  # ISO 8601: when they were collected
    source: str
    spot_discount: float  # of the price on demand, 0 to 1, to be expected of spot instances; nobody promises it
    regions: Mapping[str, Mapping[str, float]]

    def hourly(self, region: str, instance_type: str) -> float:
        """Return the price of an hour; `UnpricedError` says what the table lacks and how to mend that."""
        known = self.regions.get(region)
        mend = f"`boatyard prices --region {region}` fetches AWS's; {VARIABLE} names the file"
        if known is None:
            there = ", ".join(sorted(self.regions))
            raise UnpricedError(f"the prices of {self.date} are those of {there}, not of {region}: {mend}")
        if instance_type not in known:
            close = nearest(instance_type, known)
            guess = f" (it has {close})" if close else ""
            raise UnpricedError(f"the prices of {self.date} have no {instance_type} in {region}{guess}: {mend}")
        return known[instance_type]

    def words(self, region: str) -> str:
        """Return where the prices come from, in a few words."""
        return f"list prices of {self.date} in {region}"


def prices() -> Prices:
    """Return the table that BOATYARD_PRICES names, else Boatyard's own."""
    named = os.environ.get(VARIABLE)
    try:
        return table_of(Path(named) if named else OWN_TABLE)
    except OSError as error:
        raise PriceTableError(f"{VARIABLE}={named}: {error.strerror}") from None


def table_of(file: Path) -> Prices:
    """Return the table of a file; it is read again when it changes."""
    return _read(file, file.stat().st_mtime_ns)


@cache
def _read(file: Path, _changed: int) -> Prices:
    try:
        return _table(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PriceTableError(f"{file} is no table of prices of version {VERSION}: {error!r}") from None


def _table(data: Any) -> Prices:
    if data["version"] != VERSION or data["currency"] != "USD":
        raise ValueError(f"version {data['version']}, {data['currency']}")
    regions = {region: {name: float(usd) for name, usd in table.items()} for region, table in data["regions"].items()}
    return Prices(str(data["date"]), str(data["source"]), float(data["spot_discount"]), regions)
