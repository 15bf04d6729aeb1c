"""JUnit's XML, which continuous integration shows: a suite a file, a case a function."""

import xml.etree.ElementTree as xml


def junit(results, n_hints=0):
    """All results as one document."""
    root = xml.Element("testsuites", _counts([f for result in results for f in result.functions]))
    for result in results:
        suite = xml.SubElement(root, "testsuite", name=result.path, **_counts(result.functions))
        for function in result.functions:
            _add_case(suite, result, function, n_hints)
        if not result.functions:
            case = xml.SubElement(suite, "testcase", classname=result.path, name="file")
            xml.SubElement(case, "error", message=result.error)
    xml.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode")


def _counts(functions):
    failures = sum(not function.passed for function in functions)
    return {"tests": str(len(functions)), "failures": str(failures)}


def _add_case(suite, result, function, n_hints):
    case = xml.SubElement(suite, "testcase", classname=result.exercise, name=function.name)
    if not function.passed:
        failure = xml.SubElement(case, "failure", message=function.message, type=function.code)
        failure.text = "\n".join(f"hint: {hint}" for hint in function.hints[:n_hints])
