"""boatyard prices, and what boatyard check says of the cost. The Price List API answers here as AWS documents it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from boatyard.cli.prices import hourly_prices, products

DAGS = Path(__file__).parents[3] / "dags"


def product(name: str, component: str, usd: str) -> str:
    """Return an item of GetProducts' PriceList, which is text."""
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": usd}}
    return json.dumps(
        {
            "product": {
                "productFamily": "ML Instance",
                "attributes": {"instanceName": name, "component": component, "regionCode": "eu-west-1"},
            },
            "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": {"SKU.JRTCKXETXF.6YS6EN2CT7": dimension}}}},
        }
    )


@pytest.mark.unverified
def test_prices_are_read_from_every_page_of_amazons_list() -> None:
    """https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html."""
    session: Any = Session()
    session.set_credentials("key", "secret")
    client = session.create_client("pricing", region_name="us-east-1")
    asked = {
        "ServiceCode": "AmazonSageMaker",
        "Filters": [
            {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"},
            {"Type": "TERM_MATCH", "Field": "productFamily", "Value": "ML Instance"},
        ],
    }
    with Stubber(client) as stub:
        first = [product("ml.m5.large", "Training", "0.1280000000"), product("ml.m5.large", "Hosting", "0.1290000000")]
        second = [product("ml.t3.medium", "Studio-Notebook", "0.05"), product("ml.g5.xlarge", "Training", "1.57")]
        stub.add_response("get_products", {"PriceList": first, "NextToken": "more"}, asked)
        stub.add_response("get_products", {"PriceList": second}, asked | {"NextToken": "more"})
        assert hourly_prices(products(client, "eu-west-1")) == {"ml.g5.xlarge": 1.57, "ml.m5.large": 0.129}


def boatyard(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOATYARD_"))}
    command = [str(Path(sys.executable).parent / "boatyard"), *arguments]
    return subprocess.run(
        command, env=own | environment, cwd=DAGS.parent, capture_output=True, text=True, timeout=120, check=False
    )


def test_check_says_what_each_step_may_cost() -> None:
    said = boatyard("check", "digits").stderr.splitlines()
    assert "# what the steps may cost, at list prices of 2026-11-20 in us-east-1:" in said
    assert "# train: at most $0.115 (1 x ml.m5.large at $0.115 an hour for at most 1 h)" in said
    assert "# deploy: $0.115 an hour for as long as it is in service" in said
    assert "# transform: at most $0.115 (1 x ml.m5.large at $0.115 an hour for at most 1 h)" in said


def test_check_says_where_nobody_knows_the_prices() -> None:
    said = boatyard("check", "digits", AWS_REGION="eu-west-1")
    assert said.returncode == 0
    assert "# train: nobody knows what it may cost: the prices of 2026-11-20 are those of us-east-1" in said.stderr
    assert "BOATYARD_PRICES=/nowhere: No such file" in boatyard("check", "digits", BOATYARD_PRICES="/nowhere").stderr
