"""Make probabilities mean what they say, and see whether they do."""

from asklearn.calibration.isotonic import Isotonic, fit_isotonic
from asklearn.calibration.platt import Platt, fit_platt
from asklearn.calibration.temperature import Temperature, fit_temperature, softmax

__all__ = [
    "Isotonic",
    "Platt",
    "Temperature",
    "fit_isotonic",
    "fit_platt",
    "fit_temperature",
    "softmax",
]
