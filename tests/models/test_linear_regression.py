"""Linear regression of known noise: SciPy's evidence, least squares under a flat prior, what is refused."""

import numpy as np
import pytest
from scipy import integrate, stats

from scratchvae.models import LinearRegression, NormalMean

RNG = np.random.default_rng(3)
X = RNG.normal(size=(12, 2))
Y = X @ [1.0, -2.0] + 0.5 + 0.3 * RNG.normal(size=12)
ONES_X = np.column_stack([np.ones(12), X])
COV = np.array([[1.5, 0.4, -0.2], [0.4, 0.9, 0.1], [-0.2, 0.1, 2.0]])


def test_the_evidence_is_scipys_multivariate_normal():
    model = LinearRegression(X, Y, 0.3, prior_mean=[0.1, 0.2, 0.3], prior_cov=COV)
    joint = stats.multivariate_normal(ONES_X @ [0.1, 0.2, 0.3], 0.09 * np.eye(12) + ONES_X @ COV @ ONES_X.T)
    assert model.log_evidence() == pytest.approx(joint.logpdf(Y), rel=1e-10)


def test_the_evidence_by_quadrature():
    model = LinearRegression(X[:4, 0], Y[:4], 1.0, [2.0, 1.5])
    integral, _ = integrate.dblquad(
        lambda b, a: np.exp(model.log_joint(np.array([a, b]))), -6, 6, -6, 6, epsabs=0, epsrel=1e-8
    )
    assert model.log_evidence() == pytest.approx(np.log(integral), abs=1e-7)


def test_the_densities_are_scipys():
    model, z = LinearRegression(X, Y, 0.3, [3.0, 1.0, 0.5], prior_mean=[0, 1, 2]), np.array([0.4, 1.1, -1.0])
    assert model.log_prior(z) == pytest.approx(stats.norm.logpdf(z, [0, 1, 2], [3.0, 1.0, 0.5]).sum())
    assert model.log_likelihood(z) == pytest.approx(stats.norm.logpdf(Y, ONES_X @ z, 0.3).sum())


def test_a_prior_of_standard_deviations_is_one_of_their_squares_on_the_diagonal():
    by_sigma = LinearRegression(X, Y, 0.3, [3.0, 1.0, 0.5])
    by_cov = LinearRegression(X, Y, 0.3, prior_cov=np.diag([9.0, 1.0, 0.25]))
    assert by_sigma.log_evidence() == pytest.approx(by_cov.log_evidence(), rel=1e-12)


def test_with_an_intercept_alone_it_is_the_mean_of_normal_data():
    model, mean = LinearRegression(np.empty((12, 0)), Y, 0.3, 2.0), NormalMean(Y, 0.3, 0.0, 2.0)
    assert model.space.names == ("intercept",)
    assert model.log_evidence() == pytest.approx(mean.log_evidence(), rel=1e-12)


def test_a_flat_prior_gives_least_squares_and_no_evidence(rng):
    model = LinearRegression(X, Y, 0.3, prior_sigma=np.inf)
    exact = model.exact_posterior()
    np.testing.assert_allclose(exact.mean, np.linalg.lstsq(ONES_X, Y)[0], rtol=1e-12)
    np.testing.assert_allclose(exact.cov, 0.09 * np.linalg.inv(ONES_X.T @ ONES_X), rtol=1e-11)
    z = rng.normal(size=(5, 3))
    np.testing.assert_allclose(np.ptp(model.log_joint(z) - exact.log_prob(z)), 0, atol=1e-9)
    with pytest.raises(ValueError, match="undefined under a flat prior"):
        model.log_evidence()
    with pytest.raises(ValueError, match="flat prior"):
        model.sample_prior(1, rng)
    assert np.isfinite(model.updated(Y).log_evidence())


def test_a_flat_intercept_beside_proper_slopes_is_the_limit_of_a_wide_one():
    flat = LinearRegression(X, Y, 0.3, [np.inf, 1.0, 1.0]).exact_posterior()
    wide = LinearRegression(X, Y, 0.3, [1e5, 1.0, 1.0]).exact_posterior()
    np.testing.assert_allclose(flat.mean, wide.mean, rtol=1e-8)
    np.testing.assert_allclose(flat.cov, wide.cov, rtol=1e-8)


def test_a_singular_design_under_a_flat_prior_names_the_columns():
    table = np.column_stack([X, 2 * X[:, 1]])
    names = ["age", "dose", "dose_again"]
    with pytest.raises(ValueError, match="dose, dose_again are linearly dependent"):
        LinearRegression(table, Y, 0.3, np.inf, names=names)
    with pytest.raises(ValueError, match="linearly dependent"):
        LinearRegression(X[:2], Y[:2], 0.3, np.inf)  # fewer rows than coefficients
    assert np.isfinite(LinearRegression(table, Y, 0.3, 10.0, names=names).log_evidence())


def test_a_polynomial_of_high_degree_keeps_its_digits():
    """The condition number of the design is 1e8, whose square the normal equations would not survive."""
    t = np.linspace(0, 1, 30)
    powers, beta = t[:, None] ** np.arange(1, 12), np.resize([1.0, -2.0, 0.5], 12)
    y = np.column_stack([np.ones(30), powers]) @ beta
    model = LinearRegression(powers, y, 1.0, np.inf)
    for again in (model, model.updated(y)):
        np.testing.assert_allclose(again.exact_posterior().mean, beta, rtol=1e-5)


def test_predictions_are_marginal_row_by_row():
    model = LinearRegression(X, Y, 0.3, prior_cov=COV)
    rows, exact = np.array([[1.0, 0.0], [0.3, 2.0]]), model.exact_posterior()
    predictive = model.predictive(rows)
    for i, row in enumerate(np.column_stack([np.ones(2), rows])):
        assert predictive.mean()[i] == pytest.approx(row @ exact.mean, rel=1e-12)
        assert predictive.var()[i] == pytest.approx(0.09 + row @ exact.cov @ row, rel=1e-12)
    np.testing.assert_array_equal(model.predictive().mean(), model.predictive(X).mean())


def test_several_predictions_together_are_the_evidence_of_the_updated_model():
    model, rows = LinearRegression(X, Y, 0.3, prior_cov=COV), np.array([[1.0, 0.0], [0.3, 2.0]])
    exact, design = model.exact_posterior(), np.column_stack([np.ones(2), rows])
    joint = stats.multivariate_normal(design @ exact.mean, 0.09 * np.eye(2) + design @ exact.cov @ design.T)
    assert model.updated([1.0, 2.0], x=rows).log_evidence() == pytest.approx(
        joint.logpdf([1.0, 2.0]), rel=1e-9
    )


def test_other_data_keep_the_prior():
    model = LinearRegression(X, Y, 0.3, prior_mean=[0.1, 0.2, 0.3], prior_cov=COV)
    again = model.updated(Y[:3], x=X[:3]).with_data(Y, x=X)
    z = np.array([0.3, 0.2, 0.1])
    assert again.log_prior(z) == pytest.approx(model.exact_posterior().log_prob(z), rel=1e-13)
    flat = LinearRegression(X, Y, 0.3, np.inf)
    with pytest.raises(ValueError, match="linearly dependent"):
        flat.with_data(Y[:2], x=X[:2])


def test_names_are_kept_by_later_models():
    model = LinearRegression(X, Y, 0.3, names=["age", "dose"])
    assert model.space.names == ("intercept", "age", "dose")
    assert model.updated([1.0], x=[[0.0, 1.0]]).space.names == model.space.names
    assert model.with_data(Y + 1).space.names == model.space.names
    assert LinearRegression(X, Y, 0.3, intercept=False).updated(Y).space.names == ("beta[0]", "beta[1]")


class Table:
    """What a table with named columns looks like to NumPy."""

    def __init__(self, values, columns):
        self.values, self.columns = np.asarray(values), columns

    def __array__(self, dtype=None, copy=None):
        return self.values


def test_a_table_names_its_columns_and_later_ones_must_have_the_same():
    model = LinearRegression(Table(X, ["age", "dose"]), Y, 0.3)
    assert model.space.names == ("intercept", "age", "dose")
    assert model.predictive(Table(X[:2], ["age", "dose"])).mean().shape == (2,)
    with pytest.raises(ValueError, match="must have the columns"):
        model.predictive(Table(X[:2], ["dose", "age"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": np.where(np.arange(24).reshape(12, 2) == 5, np.nan, X)}, "x has 1 NaN"),
        ({"y": np.where(np.arange(12) == 5, np.nan, Y)}, "y has 1 NaN"),
        ({"names": ["dose", "dose"]}, "both be called 'dose'"),
        ({"names": ["intercept", "dose"]}, "both be called 'intercept'"),
        ({"names": ["dose"]}, "one for each of the 2 columns"),
        ({"y": Y[:5]}, r"shape \(12,\)"),
        ({"sigma": 0.0}, "sigma must"),
        ({"prior_sigma": [1.0, 2.0]}, "prior_sigma must"),
        ({"prior_sigma": -1.0}, "above zero"),
        ({"prior_cov": np.eye(2)}, "prior_cov must have shape"),
        ({"prior_mean": [1.0]}, "prior_mean must"),
    ],
)
def test_bad_input_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        LinearRegression(**{"x": X, "y": Y, "sigma": 0.3} | change)


def test_new_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match="2 columns as in the fit, not 3"):
        LinearRegression(X, Y, 0.3).predictive(np.ones((4, 3)))


def test_x_and_y_cannot_be_taken_for_each_other():
    with pytest.raises(TypeError):
        LinearRegression(X, Y, 0.3).updated(X, Y)
