"""boatyard new-model: write the folder of a new model, which works as it stands."""

import argparse
import sys
import tempfile
from pathlib import Path

from boatyard.cli.model_copy import ModelCopy
from boatyard.cli.model_names import endpoint_name, require_free
from boatyard.cli.project import dags_folder, model_folder
from boatyard.spec import SpecError, load_model

HELP = "write the folder of a new model, a copy of another one that works as it stands"
LIKE = "digits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the new model's name and whom it takes after."""
    parser.add_argument("name", help="name of the model, its folder, DAG, feature group and endpoint")
    parser.add_argument("--like", default=LIKE, metavar="MODEL", help=f"the model that is copied (default: {LIKE})")
    parser.add_argument("--dags", type=Path, metavar="DIR", help="folder of the models (default: the project's dags)")


def run(arguments: argparse.Namespace) -> int:
    """Write the folders and say what is next."""
    dags: Path = arguments.dags or dags_folder()
    require_free(dags, arguments.name)
    try:
        copy = ModelCopy(load_model(model_folder(dags, arguments.like)), arguments.name, dags)
    except SpecError as error:
        print(f"boatyard: model {arguments.like!r} cannot be copied, for its spec has errors:", file=sys.stderr)
        for problem in error.errors:
            print(problem, file=sys.stderr)
        return 1
    write(copy)
    name = arguments.name
    print(f"{copy.model}/   model.yaml, README.md, dag.py and jobs/: the model")
    print(f"{copy.group}/   feature_group.yaml and jobs/: its data")
    print(f"\nIt is {copy.source.name} under another name and works as it stands; one command more releases it:\n")
    print(f"  boatyard run {name}    trains and releases it here; endpoint {endpoint_name(name)}")
    print(f"  boatyard demo {name}   the same in Airflow, then asks the endpoint about rows it never saw")
    return 0


def write(copy: ModelCopy) -> None:
    """Write a copy by way of a folder beside the DAGs, on the same file system."""
    state = copy.dags.parent / ".boatyard"
    state.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-model-", dir=state) as staging:
        copy.write(Path(staging))
