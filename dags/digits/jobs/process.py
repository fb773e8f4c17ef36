"""Split the training set by a hash of the record's id: headerless CSV, label first, as XGBoost on SageMaker expects."""

import argparse
import hashlib
import os
import re
import sys
from pathlib import Path

import pandas as pd

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
PIXEL = re.compile(r"pixel_(\d+)")
TEST_PERCENT = 20


def main() -> int:
    arguments = parse_arguments()
    try:
        rows = read(arguments.input_dir)
        columns = [arguments.label, *pixels(rows)]
        check(rows, [arguments.label, arguments.record_id])
    except ValueError as error:
        print(f"process: {error}", file=sys.stderr)
        return 1
    # UNLOAD gives files without a global order: sorted, the same rows make the same files, and so the same model
    rows = rows.sort_values(arguments.record_id, ignore_index=True)
    held_out = rows[arguments.record_id].map(is_held_out)
    for name, part in (("train", rows[~held_out]), ("test", rows[held_out])):
        if part.empty:
            print(f"process: none of the {len(rows)} rows falls into {name}", file=sys.stderr)
            return 1
        folder = arguments.output_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        part.to_csv(folder / f"{name}.csv", columns=columns, header=False, index=False)
        print(f"{name}: {len(part)} rows")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-dir", type=Path, default=BASE / "processing" / "input" / "data")
    parser.add_argument("--output-dir", type=Path, default=BASE / "processing" / "output")
    parser.add_argument("--label", default="digit")
    parser.add_argument("--record-id", default="record_id")
    return parser.parse_args()


def read(folder: Path) -> pd.DataFrame:
    """Read every Parquet file below the folder; Athena's UNLOAD gives its files no extension."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    if not files:
        raise ValueError(f"there is no file in {folder}")
    rows = pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
    if rows.empty:
        raise ValueError(f"the {len(files)} files in {folder} hold no row")
    return rows


def pixels(rows: pd.DataFrame) -> list[str]:
    """Return the features in the order of the picture, pixel_2 before pixel_10."""
    numbered = {int(match[1]): str(name) for name in rows.columns if (match := PIXEL.fullmatch(str(name)))}
    if not numbered:
        raise ValueError(f"no column is named pixel_<number>: {', '.join(map(str, rows.columns))}")
    return [numbered[number] for number in sorted(numbered)]


def check(rows: pd.DataFrame, needed: list[str]) -> None:
    for name in needed:
        if name not in rows.columns:
            raise ValueError(f"there is no column {name}: {', '.join(map(str, rows.columns))}")
        if missing := int(rows[name].isna().sum()):
            raise ValueError(f"{missing} of {len(rows)} rows have no {name}")


def is_held_out(record_id: object) -> bool:
    """Decide by the id alone, so that a record stays on its side in every later run."""
    digest = hashlib.md5(str(record_id).encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") % 100 < TEST_PERCENT


if __name__ == "__main__":
    sys.exit(main())
