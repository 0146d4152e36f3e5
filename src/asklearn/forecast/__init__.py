"""Forecasts of learning curves: what more labels would bring, and how many a score takes."""

from asklearn.forecast.bank import weighted_quantiles
from asklearn.forecast.outlook import LEAST_POINTS, Needed, Outlook, forecast, labels_to, outlook

__all__ = ["LEAST_POINTS", "Needed", "Outlook", "forecast", "labels_to", "outlook", "weighted_quantiles"]
