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
    """Return the digit of each row; the rows hold the pixels in order, without the label."""
    return model.inplace_predict(np.atleast_2d(data)).astype(int)


def predict_proba_fn(data: np.ndarray, model: xgb.Booster) -> np.ndarray:
    """Return the probability of each digit, one row per row: what evaluate.py draws the calibration from."""
    margins = model.inplace_predict(np.atleast_2d(data), predict_type="margin")
    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
