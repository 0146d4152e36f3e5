"""Forecasts of learning curves: what more labels would bring, how many a score takes, and how many were saved."""

from asklearn.forecast.bank import weighted_quantiles
from asklearn.forecast.outlook import LEAST_POINTS, Needed, Outlook, forecast, labels_to, outlook
from asklearn.forecast.saved import Saved, labels_saved

__all__ = [
    "LEAST_POINTS",
    "Needed",
    "Outlook",
    "Saved",
    "forecast",
    "labels_saved",
    "labels_to",
    "outlook",
    "weighted_quantiles",
]
