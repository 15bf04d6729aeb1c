"""The results.json of a Gradescope autograder.

Its keys are those of https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

import json


def gradescope(results, n_hints=0):
    """All files as one submission; each function is a test, which students see at once."""
    tests = []
    for result in results:
        if not result.functions:
            tests.append(_test(result.path, "", 0, 0, "failed", result.error))
        for i, function in enumerate(result.functions, start=1):
            status = "passed" if function.passed else "failed"
            number = f"{result.exercise[2:4].lstrip('0')}.{i}"
            output = _output(function, n_hints)
            tests.append(_test(function.name, number, function.score, function.max_score, status, output))
    return json.dumps(
        {
            "score": sum(result.score for result in results),
            "output": _summary(results),
            "output_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "extra_data": {"seeds": sorted({result.seed for result in results})},
            "tests": tests,
        },
        indent=1,
    )


def _test(name, number, score, max_score, status, output):
    return {
        "name": name,
        "number": number,
        "score": score,
        "max_score": max_score,
        "status": status,
        "output": output,
        "output_format": "text",
        "visibility": "visible",
    }


def _output(function, n_hints):
    if function.passed:
        return "passed"
    return "\n".join([function.message, *(f"hint: {hint}" for hint in function.hints[:n_hints])])


def _summary(results):
    passed, n = (
        sum(counts) for counts in zip(*((r.n_passed, len(r.functions)) for r in results), strict=True)
    )
    errors = [f"{result.path}: {result.error}" for result in results if result.error]
    return "\n".join([f"{passed} of {n} functions passed", *errors])
