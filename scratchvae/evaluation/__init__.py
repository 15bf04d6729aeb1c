"""How good a model is."""

from scratchvae.evaluation.amortization import AmortizationGap, amortization_gap
from scratchvae.evaluation.annealing import (
    AnnealedEvidence,
    AnnealedEvidenceOfEach,
    Bracket,
    annealed_evidence_of_each,
    annealed_importance_sampling,
    bidirectional_monte_carlo,
    reverse_annealed_importance_sampling,
)
from scratchvae.evaluation.calibration import Calibration, simulation_based_calibration
from scratchvae.evaluation.decomposition import KLDecomposition, kl_decomposition
from scratchvae.evaluation.evidence import EvidenceOfEach, evidence_of_each, evidence_so_far
from scratchvae.evaluation.kept import Results, fingerprint
from scratchvae.evaluation.predictive import PredictiveCheck, predictive_check
from scratchvae.evaluation.rate_distortion import RateDistortion, rate_distortion_curve
from scratchvae.evaluation.report import Report, ReportSettings, write_report
from scratchvae.evaluation.scores import Scores, evaluate, mean_bound
from scratchvae.evaluation.units import LatentUnits, latent_units

__all__ = [
    "AmortizationGap",
    "AnnealedEvidence",
    "AnnealedEvidenceOfEach",
    "Bracket",
    "Calibration",
    "EvidenceOfEach",
    "KLDecomposition",
    "LatentUnits",
    "PredictiveCheck",
    "RateDistortion",
    "Report",
    "ReportSettings",
    "Results",
    "Scores",
    "amortization_gap",
    "annealed_evidence_of_each",
    "annealed_importance_sampling",
    "bidirectional_monte_carlo",
    "evaluate",
    "evidence_of_each",
    "evidence_so_far",
    "fingerprint",
    "kl_decomposition",
    "latent_units",
    "mean_bound",
    "predictive_check",
    "rate_distortion_curve",
    "reverse_annealed_importance_sampling",
    "simulation_based_calibration",
    "write_report",
]
