"""How the model answers, in the endpoint and in evaluate.py alike."""

from pathlib import Path

import numpy as np
import xgboost as xgb


def model_fn(model_dir: str) -> xgb.Booster:
    """Load what train.py saved."""
    booster = xgb.Booster()
    booster.load_model(bytearray((Path(model_dir) / "xgboost-model").read_bytes()))
    booster.set_param({"nthread": 1})  # rows come in few at a time: starting threads costs more than they save
    return booster


def predict_fn(data: np.ndarray, model: xgb.Booster) -> np.ndarray:
    """Return the progression of each row; the rows hold process.py's FEATURES in order, without the label."""
    return model.inplace_predict(np.atleast_2d(data))
