"""Reports as JUnit's XML, which continuous integration reads: a suite a report, a test case a block."""

import re
import xml.etree.ElementTree as ET
from datetime import datetime

from scratchvae.gradcheck.formats.cells import conclusion

#: What XML 1.0 cannot hold, escaped or not.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(reports, name="gradcheck", seconds=None, when=None):
    """Reports as one XML document.

    It keeps to the schema of Ant's JUnit task as Windy Road wrote it down, which Jenkins, GitLab, GitHub's
    actions and Azure read: every required attribute is there, and the elements come in its order.

    Parameters
    ----------
    reports : Report, or dict of str to Report
    name : str
        Of the package that the suites belong to; of the suite, for a single report.
    seconds : dict of str to float, optional
        How long each check took.
    when : datetime, optional
        By default now.

    Returns
    -------
    str
    """
    reports = reports if isinstance(reports, dict) else {name: reports}
    seconds, when = seconds or {}, when or datetime.now()
    root = ET.Element("testsuites")
    for i, (suite, report) in enumerate(reports.items()):
        root.append(_suite(suite, report, name, i, seconds.get(suite, 0.0), when))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(suite, report, package, i, seconds, when):
    failures = sum(not block.passed for block in report.blocks)
    element = ET.Element(
        "testsuite",
        name=_clean(suite),
        package=_clean(package),
        id=str(i),
        hostname="localhost",
        timestamp=when.strftime("%Y-%m-%dT%H:%M:%S"),
        tests=str(len(report.blocks)),
        failures=str(failures),
        errors="0",
        skipped="0",
        time=f"{seconds:.3f}",
    )
    properties = ET.SubElement(element, "properties")
    ET.SubElement(properties, "property", name="rtol", value=f"{report.rtol:g}")
    for block in report.blocks:
        element.append(_case(suite, block, seconds / len(report.blocks)))
    ET.SubElement(element, "system-out").text = _clean(f"{report.summary}\n{conclusion(report)}".strip())
    ET.SubElement(element, "system-err").text = ""
    return element


def _case(suite, block, seconds):
    """A test case; a failure has the code as its type, and the numbers in its text."""
    element = ET.Element("testcase", name=_clean(block.name), classname=_clean(suite), time=f"{seconds:.3f}")
    if not block.passed:
        message = _clean(block.diagnosis.message or block.diagnosis.code)
        failure = ET.SubElement(element, "failure", type=block.diagnosis.code, message=message)
        failure.text = _clean(_numbers(block))
    return element


def _numbers(block):
    where = "" if block.index is None else f" at {block.index}"
    return (
        f"{block.diagnosis.message}\nworst{where}: analytic {block.analytic!r}, numeric {block.numeric!r} "
        f"+- {block.uncertainty:.1e}, relative error {block.error:.3e}, {block.n_checked} checked"
    )


def _clean(text):
    """Text without the characters that XML cannot hold, and not empty where a token is required."""
    return FORBIDDEN.sub("?", str(text)) or "-"
