"""`python -m tests.bench.dag_processor FOLDER ROUNDS FILE...`: parse DAG files as a running dag-processor does.

Its own class does the work: it imports the airflow modules that a file names, then forks; the child parses, serialises
and sends the result back. Only the manager's loop around that is not here: it asks the database between two events,
which has nothing to do with a file. Prints for each file, as JSON, the seconds of each round and the number of tasks
of each of its DAGs.
"""

import json
import selectors
import sys
import time
import uuid
from pathlib import Path
from typing import Any

# a running dag-processor has all of this loaded before it forks for the first time
import airflow.__main__
import airflow.cli.commands.dag_processor_command  # noqa: F401 - to be loaded is its use
import structlog
from airflow.dag_processing.processor import DagFileProcessorProcess, in_process_api_server
from airflow.listeners.listener import get_listener_manager
from airflow.sdk.api.client import Client


def main(folder: Path, rounds: int, files: list[str]) -> None:
    """Parse every file once unmeasured: the modules it names are loaded from then on."""
    get_listener_manager()  # as `run_job` does before the manager's loop: it loads the plugins
    transport = in_process_api_server().transport
    client = Client(base_url=None, token="", dry_run=True, transport=transport)
    with selectors.DefaultSelector() as selector, (folder / "dag-processor.log").open("ab") as log:
        first = [_parse(folder, file, selector, log, client) for file in files]
        later = [[_parse(folder, file, selector, log, client)[0] for file in files] for _ in range(rounds)]
    seconds = [[taken[number] for taken in later] for number in range(len(files))]
    print(json.dumps([{"seconds": taken, "tasks": tasks} for taken, (_, tasks) in zip(seconds, first, strict=True)]))


def _parse(
    folder: Path, file: str, selector: selectors.BaseSelector, log: Any, client: Client
) -> tuple[float, list[int]]:
    started = time.perf_counter()
    process = DagFileProcessorProcess.start(
        id=uuid.uuid4(),
        path=folder / file,
        bundle_path=folder,
        bundle_name="bench",
        dag_file_rel_path=file,
        callbacks=[],
        selector=selector,
        logger=structlog.wrap_logger(
            structlog.BytesLogger(log), processors=[structlog.processors.JSONRenderer(_bytes)]
        ),
        logger_filehandle=log,
        client=client,
    )
    while not process.is_ready:
        for key, _ in selector.select(timeout=0.001):
            handle, on_close = key.data
            if not handle(key.fileobj):
                on_close(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]  # a socket
    took = time.perf_counter() - started
    result = process.parsing_result
    if result is None or result.import_errors or not result.serialized_dags:
        sys.exit(f"{file} gave no DAG: {result.import_errors if result else 'no answer'}; see {log.name}")
    return took, [len(dag.data["dag"]["tasks"]) for dag in result.serialized_dags]


def _bytes(event: Any, **_: Any) -> bytes:
    return json.dumps(event, default=str).encode()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
