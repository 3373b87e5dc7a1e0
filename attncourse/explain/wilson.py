"""How far a share can be trusted: Wilson's interval.

Wilson: "Probable inference, the law of succession, and statistical inference", Journal of the American Statistical
Association 22, 1927. Unlike the usual one it stays within 0 and 1, and has a width where the share is 0 or 1.
"""

from __future__ import annotations

from scipy import stats

LEVEL = 0.95


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95% interval of the share ``count / of``, of independent trials."""
    low, high = stats.binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return float(low), float(high)
