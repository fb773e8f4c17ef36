"""Split the training set by a hash of the record's id: headerless CSV, label first, as XGBoost on SageMaker expects."""

import argparse
import hashlib
import os
import sys
from pathlib import Path

import pandas as pd

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
RECORD_ID, LABEL = "record_id", "progression"
FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")  # the model knows them by this order
TEST_PERCENT = 20


def main() -> int:
    arguments = parse_arguments()
    try:
        rows = read(arguments.input_dir)
        check(rows)
    except ValueError as error:
        print(f"process: {error}", file=sys.stderr)
        return 1
    # UNLOAD gives files without a global order: sorted, the same rows make the same files, and so the same model
    rows = rows.sort_values(RECORD_ID, ignore_index=True)
    held_out = rows[RECORD_ID].map(is_held_out)
    for name, part in (("train", rows[~held_out]), ("test", rows[held_out])):
        if part.empty:
            print(f"process: none of the {len(rows)} rows falls into {name}", file=sys.stderr)
            return 1
        folder = arguments.output_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        part.to_csv(folder / f"{name}.csv", columns=[LABEL, *FEATURES], header=False, index=False)
        print(f"{name}: {len(part)} rows")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-dir", type=Path, default=BASE / "processing" / "input" / "data")
    parser.add_argument("--output-dir", type=Path, default=BASE / "processing" / "output")
    return parser.parse_args()


def read(folder: Path) -> pd.DataFrame:
    """Read every Parquet file below the folder; Athena's UNLOAD gives its files no extension."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    if not files:
        raise ValueError(f"there is no file in {folder}")
    return pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)


def check(rows: pd.DataFrame) -> None:
    for name in (RECORD_ID, LABEL, *FEATURES):
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
