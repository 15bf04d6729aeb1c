"""One report on a model: everything that is evaluated, as Markdown with figures and as JSON."""

from scratchvae.evaluation.report.document import Report
from scratchvae.evaluation.report.sections import SECTIONS
from scratchvae.evaluation.report.settings import ReportSettings
from scratchvae.evaluation.report.writing import write_report

__all__ = ["SECTIONS", "Report", "ReportSettings", "write_report"]
