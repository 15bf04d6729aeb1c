"""Importance weights p(x, z) / q(z): their tail, what they estimate, and a verdict on q."""

from scratchvae.importance.moments import (
    Estimate,
    effective_sample_size,
    log_evidence,
    weighted_cov,
    weighted_mean,
    weighted_quantiles,
    weighted_sd,
)
from scratchvae.importance.pareto import gpd_fit, gpd_quantile
from scratchvae.importance.psis import khat_of_tail, khat_threshold, needed_samples, psis, tail_size
from scratchvae.importance.verdict import Verdict, judge, judge_draws

__all__ = [
    "Estimate",
    "Verdict",
    "effective_sample_size",
    "gpd_fit",
    "gpd_quantile",
    "judge",
    "judge_draws",
    "khat_of_tail",
    "khat_threshold",
    "log_evidence",
    "needed_samples",
    "psis",
    "tail_size",
    "weighted_cov",
    "weighted_mean",
    "weighted_quantiles",
    "weighted_sd",
]
