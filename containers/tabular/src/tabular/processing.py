"""`process SCRIPT [ARGUMENT ...]`: a processing script, once what its folder requires is installed.

SageMaker starts a processing container with whatever entry point the job names; this is one that knows requirements and
secrets.
"""

import os
import sys
from pathlib import Path

from tabular.requirements import install, variables
from tabular.secrets import fetch
from tabular.sources import ConfigurationError


def main() -> int:
    """Become the script."""
    if len(sys.argv) < 2 or not sys.argv[1].endswith(".py"):
        print("usage: process SCRIPT.py [ARGUMENT ...]", file=sys.stderr)
        return 2
    script = Path(sys.argv[1])
    try:
        if not script.is_file():
            raise ConfigurationError(f"there is no {script}")
        site = install(script.resolve().parent)
        secrets = fetch(os.environ)
    except ConfigurationError as error:
        print(f"process: {error}", file=sys.stderr)
        return 1
    environment = {**os.environ, **(variables(site) if site else {}), **secrets}
    sys.stdout.flush()
    return os.execve(sys.executable, [sys.executable, *sys.argv[1:]], environment)  # noqa: S606 - no shell: arguments as they came


if __name__ == "__main__":
    sys.exit(main())
