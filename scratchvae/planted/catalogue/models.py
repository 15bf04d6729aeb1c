"""Mistakes in Bayesian models: densities of their priors and likelihoods, and exact answers."""

from scratchvae.planted.mistake import Mistake, change

MISTAKES = (
    Mistake(
        "half-cauchy-not-doubled",
        "the half-Cauchy density lacks its factor 2",
        "Half of the line is cut off, and what is left integrates to one half.",
        "distributions.densities",
        change(
            "    log_p, dx, _, dsigma = cauchy(x, 0.0, sigma)\n"
            "    return _within(np.greater_equal(x, 0), log_p + math.log(2)), dx, dsigma",
            "    log_p, dx, _, dsigma = cauchy(x, 0.0, sigma)\n"
            "    return _within(np.greater_equal(x, 0), log_p), dx, dsigma",
        ),
        ("gradient: density half_cauchy", "density: function half_cauchy"),
        "missing_term",
    ),
    Mistake(
        "half-cauchy-sigma-squared",
        "the Cauchy density has log(pi sigma^2) for log(pi sigma), and its derivative",
        "The normal density's sigma^2 is carried over.",
        "distributions.densities",
        (
            (
                "return -np.log(np.multiply(np.pi, sigma)) - 2 * np.log(r), -dmu,",
                "return -np.log(np.multiply(np.pi, sigma**2)) - 2 * np.log(r), -dmu,",
            ),
            ("dmu, (2 * sine * sine - 1) / sigma", "dmu, (2 * sine * sine - 2) / sigma"),
        ),
        ("gradient: density half_cauchy", "density: function half_cauchy"),
        "scale",
    ),
    Mistake(
        "gamma-scale-for-rate",
        "the gamma density takes its second parameter for a scale, in all terms but the normaliser",
        "Libraries differ in which of the two they take.",
        "distributions.densities",
        (
            (
                "gammaln(shape) + np.subtract(shape, 1) * log_x - rate * x",
                "gammaln(shape) + np.subtract(shape, 1) * log_x - x / rate",
            ),
            (
                "    dx = np.subtract(shape, 1) / x - rate\n",
                "    dx = np.subtract(shape, 1) / x - 1 / rate\n",
            ),
            ("np.divide(shape, rate) - x\n", "np.divide(shape, rate) + x / np.square(rate)\n"),
        ),
        ("gradient: density gamma", "density: function gamma"),
        "scale",
    ),
    Mistake(
        "student-degrees-of-freedom",
        "dmu has the factor nu for nu + 1",
        "The exponent is -(nu + 1) / 2; the 1 belongs to it.",
        "distributions.densities",
        change("dmu = (nu + 1) * u / (sigma * (nu + u * u))", "dmu = nu * u / (sigma * (nu + u * u))"),
        ("gradient: density student_t",),
        "scale",
    ),
    Mistake(
        "laplace-without-two",
        "the Laplace density has log b for log 2 b",
        "It is the exponential's normaliser, on one side only.",
        "distributions.densities",
        change("return -u - np.log(np.multiply(2, scale)),", "return -u - np.log(np.multiply(1, scale)),"),
        ("gradient: density laplace", "density: function laplace"),
        "missing_term",
    ),
    Mistake(
        "logistic-sign",
        "s(eta) - y in place of y - s(eta)",
        "The gradient of the loss is handed back as that of the log-likelihood.",
        "models.logistic_regression",
        change(
            "return log_p, y - np.where(eta >= 0, 1, small) / (1 + small)",
            "return log_p, np.where(eta >= 0, 1, small) / (1 + small) - y",
        ),
        ("gradient: model logistic regression",),
        "sign",
    ),
    Mistake(
        "logistic-prior-scale",
        "the prior's gradient is -beta / sigma, not -beta / sigma^2",
        "One division by sigma is in u already, the other is forgotten.",
        "models.glm",
        change(
            "return -self._checked_z(z) / self.prior_sigma**2",
            "return -self._checked_z(z) / self.prior_sigma",
        ),
        ("gradient: model logistic regression",),
        "scale",
    ),
    Mistake(
        "poisson-regression-exposure",
        "the rate in the gradient lacks the exposure",
        "log m = eta + log exposure; the derivative is taken of e^eta.",
        "models.poisson_regression",
        change(
            "return y * log_rate - rate - self.log_factorial[rows], y - rate",
            "return y * log_rate - rate - self.log_factorial[rows], y - np.exp(eta)",
        ),
        ("gradient: model poisson regression",),
        "scale",
    ),
    Mistake(
        "hierarchical-tau",
        "dtau = sum r: the eta_j of theta_j = mu + tau eta_j is left out",
        "dtheta_j/dtau = eta_j, where dtheta_j/dmu is 1.",
        "models.hierarchical_normal",
        change('"tau": (dtheta * theta["eta"]).sum(axis=-1),', '"tau": dtheta.sum(axis=-1),'),
        ("gradient: model hierarchical normal",),
        "scale",
    ),
    Mistake(
        "hierarchical-eta",
        "deta = r: the tau of theta_j = mu + tau eta_j is left out",
        "The non-centred likelihood is differentiated as if it were the centred one.",
        "models.hierarchical_normal",
        change('"eta": dtheta * theta["tau"][..., None],', '"eta": dtheta,'),
        ("gradient: model hierarchical normal",),
        "scale",
    ),
    Mistake(
        "hierarchical-prior-twice",
        "eta_j ~ N(0, tau^2) in the non-centred model: tau scales the groups twice",
        "The prior of the centred form stays when the likelihood is rewritten; value and gradient agree.",
        "models.hierarchical_normal",
        change(
            "return *densities.normal(effect, 0.0, 1.0)[:2], np.zeros_like(effect), np.zeros_like(effect)",
            'log_p, deffect, _, dsd = densities.normal(effect, 0.0, parameters["tau"][..., None])\n'
            "        return log_p, deffect, np.zeros_like(effect), dsd",
        ),
        ("gradient: model hierarchical normal", "forms: hierarchical normal"),
        "unexplained",
    ),
    Mistake(
        "constrained-jacobian",
        "the prior of tau is used as a density of log tau: no log|dtau/dz|, in value and gradient",
        "With a half-Cauchy prior the posterior of tau is then drawn to zero.",
        "models.constrained",
        (
            ("return self._prior(theta)[0] + log_det  # Eq. (34)", "return self._prior(theta)[0]"),
            (
                "return self.space.backward(cache, self._prior(theta)[1], np.ones_like(log_det))",
                "return self.space.backward(cache, self._prior(theta)[1], np.zeros_like(log_det))",
            ),
            (
                "return scale * log_likelihood, log_prior + log_det, Cache",
                "return scale * log_likelihood, log_prior, Cache",
            ),
            (
                "return self.space.backward(cache.space, dtheta, dlog_det)",
                "return self.space.backward(cache.space, dtheta, 0 * dlog_det)",
            ),
        ),
        ("gradient: model hierarchical normal", "density: model hierarchical normal"),
        "unexplained",
    ),
    Mistake(
        "mixture-responsibilities",
        "the responsibilities are not divided by p(x)",
        "Softmax without its denominator.",
        "models.gaussian_mixture",
        change(
            "over_p = np.exp(log_n - log_p[..., None])  # N / p(x_n), (S, M, K)",
            "over_p = np.exp(log_n)  # N / p(x_n), (S, M, K)",
        ),
        ("gradient: model gaussian mixture",),
        "scale",
    ),
    Mistake(
        "mixture-normaliser",
        "sigma's normaliser is left out of the component densities, in value and gradient",
        "With one common sigma it seems to cancel from the responsibilities, and so it does; not from log p.",
        "models.gaussian_mixture",
        (
            (
                "- self.n_dims * (np.log(sigma)[:, None] + HALF_LOG_2PI)",
                "- self.n_dims * HALF_LOG_2PI",
            ),
            ("(r * ((u * u).sum(axis=-1) - self.n_dims))", "(r * (u * u).sum(axis=-1))"),
        ),
        ("gradient: model gaussian mixture", "density: data gaussian mixture"),
        "scale",
    ),
    Mistake(
        "beta-jacobian",
        "Beta(p; a, b) at p = s(z) is taken for the density of z, in value and gradient",
        "The factor p (1 - p) = dp/dz is forgotten: powers a - 1 and b - 1 where a and b belong.",
        "models.beta_binomial",
        (
            (
                "return -self.a * softplus(-z) - self.b * softplus(z) - betaln(self.a, self.b)",
                "return -(self.a - 1) * softplus(-z) - (self.b - 1) * softplus(z) - betaln(self.a, self.b)",
            ),
            (
                "return self.a * sigmoid(-z) - self.b * sigmoid(z)",
                "return (self.a - 1) * sigmoid(-z) - (self.b - 1) * sigmoid(z)",
            ),
        ),
        ("gradient: model beta-binomial", "density: model beta-binomial"),
        "scale",
    ),
    Mistake(
        "beta-binomial-coefficient",
        "log C(n, k) is in the likelihood, and not in the evidence",
        "It does not depend on p, so the posterior is right; p(x, z) / p(x) is not, nor a Bayes factor.",
        "models.beta_binomial",
        change(
            "return float(log_choose.sum() + betaln(*self.posterior)",
            "return float(0 * log_choose.sum() + betaln(*self.posterior)",
        ),
        ("gradient: model beta-binomial", "density: posterior beta-binomial"),
        "scale",
    ),
    Mistake(
        "evidence-determinant",
        "the normaliser of the Gaussian prior has the wrong sign of log|U|",
        "log det of a covariance and of a precision differ in sign; no gradient sees it.",
        "models.gaussian",
        change("np.log(proper).sum() - HALF_LOG_2PI", "-np.log(proper).sum() - HALF_LOG_2PI"),
        ("gradient: model linear regression", "density: posterior linear regression"),
        "scale",
    ),
)
