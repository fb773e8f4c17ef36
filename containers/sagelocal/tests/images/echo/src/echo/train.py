"""A training job told by its hyperparameters what to do.

message        print it (lines such as `accuracy=0.5` are metrics), with `{name}` replaced by that hyperparameter
seconds        then wait so long; SIGTERM ends the wait and the job still writes its model
seconds_unless VALUE:SECONDS: wait so long unless the hyperparameter x is VALUE
ignore_sigterm "true": SIGTERM does nothing
spawn          "true": leave a process in a session of its own behind, its id in model/spawned.txt
read_env       write that environment variable into the model
failure        write output/failure and exit with exit_code
exit_code      end so (default 0; 1 after a failure)
checkpoint     write it as checkpoints/state.txt
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def _contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in files}


def _read_json(path: Path) -> dict[str, object]:
    return json.loads(path.read_text()) if path.exists() else {}


def main() -> None:
    stop = threading.Event()
    config = BASE / "input" / "config"
    told: dict[str, str] = json.loads((config / "hyperparameters.json").read_text())
    if told.get("ignore_sigterm") == "true":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if "message" in told:
        print(re.sub(r"\{(\w+)\}", lambda found: told[found[1]], told["message"]), flush=True)
    model = BASE / "model"
    if told.get("spawn") == "true":
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        (model / "spawned.txt").write_text(str(left.pid))
    value, _, seconds = told.get("seconds_unless", "").partition(":")
    if seconds and told["x"] != value:
        told["seconds"] = seconds
    if "seconds" in told:
        print("waiting", flush=True)
        stop.wait(float(told["seconds"]))
    if "checkpoint" in told:
        (BASE / "checkpoints" / "state.txt").write_text(told["checkpoint"])
    seen = {
        "hyperparameters": told,
        "inputdataconfig": _read_json(config / "inputdataconfig.json"),
        "resourceconfig": _read_json(config / "resourceconfig.json"),
        "data": _contents(BASE / "input" / "data"),
        "checkpoints": _contents(BASE / "checkpoints"),
        "environment": {told["read_env"]: os.environ.get(told["read_env"])} if "read_env" in told else {},
        "stopped": stop.is_set(),
    }
    (model / "model.json").write_text(json.dumps(seen))
    output = BASE / "output" / "data"
    output.mkdir(parents=True, exist_ok=True)
    (output / "report.txt").write_text("all is well\n")
    if "failure" in told:
        (BASE / "output" / "failure").write_text(told["failure"])
    sys.exit(int(told.get("exit_code", "1" if "failure" in told else "0")))
