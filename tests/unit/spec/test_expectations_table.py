"""expectations.json is what the installed Great Expectations has; `REWRITE_GOLDEN=1` writes it anew."""

import json
import os
from pathlib import Path
from typing import Any

from tests.unit.spec.gx_expectations import not_in_sql, table

from boatyard.spec import checks

FILE = Path(checks.__file__).with_name("expectations.json")


def test_the_table_is_that_of_the_installed_great_expectations() -> None:
    found = {"expectations": table(), "elsewhere": not_in_sql()}
    if os.environ.get("REWRITE_GOLDEN"):
        FILE.write_text(_lines(found))
    assert json.loads(FILE.read_text()) == found


def _lines(found: dict[str, Any]) -> str:
    """Return JSON with one argument on each line."""
    expectations = []
    for name, arguments in found["expectations"].items():
        lines = ",\n".join(f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in arguments.items())
        expectations.append(f"  {json.dumps(name)}: {{\n{lines}\n  }}")
    elsewhere = json.dumps(found["elsewhere"])
    return '{\n "expectations": {\n' + ",\n".join(expectations) + f'\n }},\n "elsewhere": {elsewhere}\n}}\n'


def test_the_table_speaks_of_known_types_only() -> None:
    arguments = [argument for one in checks.expectations().values() for argument in one.values()]
    assert {kind for one in arguments for kind in (*one.types, *(one.items or ()))} <= set(checks.TYPES)
