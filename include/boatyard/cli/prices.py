"""boatyard prices: fetch AWS's list prices of SageMaker's instances and print them as a table for BOATYARD_PRICES."""

import argparse
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.clients import SessionClients
from boatyard.aws.cost.prices import OWN_TABLE, VERSION, table_of
from boatyard.aws.errors import aws_failures
from boatyard.cli.home import StackError

HELP = "fetch AWS's list prices of a region and print the table that BOATYARD_PRICES may name"

# The Price List API has three addresses; this one knows the prices of all regions.
# https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
_ADDRESS = "us-east-1"
_SOURCE = "AWS Price List API, GetProducts of AmazonSageMaker"
_COMPONENTS = frozenset({"Training", "Processing", "Batch Transform", "Hosting"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the regions."""
    parser.add_argument(
        "--region",
        action="append",
        required=True,
        dest="regions",
        metavar="REGION",
        help="such as eu-west-1; repeatable",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    try:
        client = SessionClients(_ADDRESS).get("pricing")
        regions = {region: hourly_prices(products(client, region)) for region in arguments.regions}
    except aws_failures() as error:
        raise StackError(f"AWS's Price List API does not tell its prices: {error}") from None
    empty = [region for region, table in regions.items() if not table]
    if empty:
        raise StackError(f"AWS lists no price of SageMaker's instances in {', '.join(empty)}: is it a region's name?")
    table = {
        "version": VERSION,
        "date": datetime.now(UTC).date().isoformat(),
        "currency": "USD",
        "source": _SOURCE,
        "spot_discount": table_of(OWN_TABLE).spot_discount,
        "regions": regions,
    }
    print(json.dumps(table, indent=2))
    return 0


def products(client: Any, region: str) -> Iterator[dict[str, Any]]:
    """Yield what the Price List API has of SageMaker's instances in a region."""
    request: dict[str, Any] = {
        "ServiceCode": "AmazonSageMaker",
        "Filters": [
            {"Type": "TERM_MATCH", "Field": "regionCode", "Value": region},
            {"Type": "TERM_MATCH", "Field": "productFamily", "Value": "ML Instance"},
        ],
    }
    while True:
        page = call(client, "get_products", request)
        yield from (json.loads(product) for product in page["PriceList"])
        if not page.get("NextToken"):
            return
        request = {**request, "NextToken": page["NextToken"]}


def hourly_prices(found: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Return the price of an hour by instance type: where its uses cost differently, that of the dearest."""
    table: dict[str, float] = {}
    for product in found:
        attributes = product["product"]["attributes"]
        name = attributes.get("instanceName", "")
        if name.startswith("ml.") and attributes.get("component") in _COMPONENTS:
            table[name] = max(table.get(name, 0.0), *_on_demand(product))
    return dict(sorted((name, usd) for name, usd in table.items() if usd > 0))


def _on_demand(product: dict[str, Any]) -> list[float]:
    terms = product.get("terms", {}).get("OnDemand", {})
    dimensions = [one for term in terms.values() for one in term["priceDimensions"].values()]
    return [float(one["pricePerUnit"].get("USD", 0.0)) for one in dimensions] or [0.0]
