"""`train`: what SageMaker runs in the container of a training job."""

import os
import signal
import sys
import traceback

from tabular import requirements
from tabular.optml import OptMl
from tabular.secrets import fetch
from tabular.sources import ConfigurationError, find_program, source_folder
from tabular.training.environment import TrainingEnvironment
from tabular.training.script import Script


def main() -> int:
    """Run the user's training script, or the built-in algorithm if none is named, and return the exit code."""
    script = Script()
    optml = OptMl.from_environment()
    try:
        return _train(optml, script)
    except ConfigurationError as error:
        return _fail(optml, f"ConfigurationError: {error}", 1)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong must reach FailureReason, as in the toolkit
        traceback.print_exc()
        return _fail(optml, f"Framework Error:\n{type(error).__name__}: {error}", 1)


def _train(optml: OptMl, script: Script) -> int:
    environment = TrainingEnvironment.read(optml)
    if not environment.program:
        return _algorithm(optml, environment)
    folder = source_folder(environment.submit_directory, optml.code)
    find_program(folder, environment.program)
    site = requirements.install(folder)
    if site is not None:
        os.environ.update(requirements.variables(site))
    for needed in (optml.model, optml.output_data):
        needed.mkdir(parents=True, exist_ok=True)
    secrets = fetch(os.environ)
    command = [sys.executable, environment.program, *environment.arguments()]
    variables = environment.variables(environment.submit_directory or str(folder))
    python_path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    given = {**os.environ, **variables, **secrets, "PYTHONPATH": python_path, "PYTHONUNBUFFERED": "1"}
    code = script.run(command, folder, given, secrets.values())
    if code == 0:
        (optml.output / "success").touch()
        return 0
    if script.stopped_by:
        print(f"The training script ended with exit code {code} after {script.stopped_by.name}", file=sys.stderr)
        return code
    return _fail(optml, _failure(script, code, command), code)


def _algorithm(optml: OptMl, environment: TrainingEnvironment) -> int:
    from tabular.algorithm.training import train  # a script of the user's does without these imports

    train(environment)
    optml.output.mkdir(parents=True, exist_ok=True)
    (optml.output / "success").touch()
    return 0


def _failure(script: Script, code: int, command: list[str]) -> str:
    extra = '\nExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"' if code == 128 + signal.SIGKILL else ""
    shown = " ".join(command)
    return f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{script.last_errors()}"{extra}\nCommand "{shown}"'


def _fail(optml: OptMl, message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)
    failure = optml.output / "failure"
    optml.output.mkdir(parents=True, exist_ok=True)
    if not failure.exists():  # what the script wrote itself says more
        partial = failure.with_name(".failure.partial")
        partial.write_text(message, encoding="utf-8")
        partial.replace(failure)
    return code


if __name__ == "__main__":
    sys.exit(main())
