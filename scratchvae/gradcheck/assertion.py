"""A gradient check as an assertion, for a test of one's own."""

from scratchvae.gradcheck.check import check


def assert_gradient(function, theta, gradient, **options):
    """Check a gradient, and raise an AssertionError that shows the report if it is wrong.

    Parameters
    ----------
    function, theta, gradient, **options
        Of `check`.

    Returns
    -------
    Report
        Of a right gradient.

    Raises
    ------
    AssertionError
        Whose message is the report: the table, and what is wrong in words.
    ValueError
        As `check` does, of arguments that make no sense.

    Examples
    --------
    In a file of tests::

        def test_my_gradient():
            assert_gradient(loss, theta, grad_loss, sizes={"batch": 32})
    """
    __tracebackhide__ = True  # pytest then ends the traceback in the caller's line
    report = check(function, theta, gradient, **options)
    if not report.passed:
        raise AssertionError(f"the gradient is wrong\n{report.to_text()}")
    return report
