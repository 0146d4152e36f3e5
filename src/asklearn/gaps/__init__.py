"""Knowledge gaps: kinds of items on which a model errs more than elsewhere."""

from asklearn.gaps.find import Half, find_gaps
from asklearn.gaps.gap import Gap, leading

__all__ = ["Gap", "Half", "find_gaps", "leading"]
