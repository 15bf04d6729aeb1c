"""A report for people and for programs: text on a terminal, HTML in a notebook, JSON, JUnit's XML."""

from scratchvae.gradcheck.formats.cells import conclusion
from scratchvae.gradcheck.formats.html import as_html, as_page
from scratchvae.gradcheck.formats.json import as_dict, as_json
from scratchvae.gradcheck.formats.junit import as_junit
from scratchvae.gradcheck.formats.terminal import as_text, wants_colour

__all__ = ["as_dict", "as_html", "as_json", "as_junit", "as_page", "as_text", "conclusion", "wants_colour"]
