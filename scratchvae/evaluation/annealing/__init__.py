"""Annealed importance sampling with Hamiltonian moves, forward and back: log p(x) from both sides."""

from scratchvae.evaluation.annealing.ais import (
    AnnealedEvidence,
    annealed_importance_sampling,
    reverse_annealed_importance_sampling,
)
from scratchvae.evaluation.annealing.bidirectional import Bracket, bidirectional_monte_carlo
from scratchvae.evaluation.annealing.each import AnnealedEvidenceOfEach, annealed_evidence_of_each

__all__ = [
    "AnnealedEvidence",
    "AnnealedEvidenceOfEach",
    "Bracket",
    "annealed_evidence_of_each",
    "annealed_importance_sampling",
    "bidirectional_monte_carlo",
    "reverse_annealed_importance_sampling",
]
