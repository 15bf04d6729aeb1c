"""Mistakes in priors p(z) and in the maps from free numbers to constrained parameters."""

from scratchvae.planted.mistake import Mistake, change

MISTAKES = (
    Mistake(
        "prior-writes-into-z",
        "the backward pass of the prior multiplies its cache in place",
        "The array at hand is reused to save memory; it is the caller's z.",
        "distributions.normal",
        change(
            "        return -cache * dlog_p[..., None]  # Eq. (13')",
            "        cache *= -dlog_p[..., None]\n        return cache",
        ),
        ("gradient: standard normal",),
        "mutates",
    ),
    Mistake(
        "prior-sign",
        "dz = +z: z is driven away from zero",
        "The derivative of z^2 / 2 without the minus before it.",
        "distributions.normal",
        change("        return -cache * dlog_p[..., None]", "        return cache * dlog_p[..., None]"),
        ("gradient: standard normal",),
        "sign",
    ),
    Mistake(
        "prior-constant-once",
        "log(2 pi) / 2 is taken once, not for each of the L coordinates",
        "The density of a number is copied for a vector. In the bound it hides: log p(z) and log p(eps) lack "
        "the same, and their difference is right.",
        "distributions.normal",
        change(
            "constant = z.dtype.type(HALF_LOG_2PI * z.shape[-1])", "constant = z.dtype.type(HALF_LOG_2PI)"
        ),
        ("gradient: standard normal", "evidence: linear VAE", "density: prior standard normal"),
        "missing_term",
    ),
    Mistake(
        "mixture-without-shares",
        "components get the gradient with their prior weights pi_k, not the responsibilities",
        "r_k = pi_k q_k / p is what EM computes; without it every component follows every z.",
        "priors.mixture_of_maps",
        change(
            "np.exp(log_joint - log_p[..., None]))",
            "np.exp(log_pi + 0 * log_joint))",
        ),
        ("gradient: prior mixture",),
        "zero",
    ),
    Mistake(
        "mixture-softmax-backward",
        "dlogits = dlog_pi: the normaliser of the softmax is left out",
        "log pi = logits - log sum e^logits has two terms.",
        "priors.mixture",
        change("dlogits = dlog_pi - cache.pi * dlog_pi.sum()", "dlogits = dlog_pi"),
        ("gradient: prior mixture",),
        "unexplained",
    ),
    Mistake(
        "vamp-without-log-m",
        "p(z) is the sum of the M components, not their mean",
        "log M is a constant: no gradient misses it, and log p(x) seems log M nats better.",
        "priors.vamp",
        change(
            "np.full(self.n_components, -np.log(self.n_components), lam.dtype)", "np.zeros(self.n_components)"
        ),
        ("gradient: VAE prior vamp", "density: prior vamp"),
        "scale",
    ),
    Mistake(
        "positive-jacobian-forgotten",
        "theta = e^z, and the density of z lacks log|dtheta/dz|, in value and gradient",
        "A density is carried over to another variable as if it were a function. Stan calls it a warning, "
        "not an error.",
        "constraints.bijections",
        (
            ("return y, a, y", "return y, np.zeros_like(a), y"),
            ("return dy * cache + dlog_slope\n", "return dy * cache + 0 * dlog_slope\n"),
        ),
        ("gradient: constraint positive", "log_det: constraint positive"),
        "zero",
    ),
    Mistake(
        "positive-jacobian-gradient",
        "dz lacks the derivative of log|dtheta/dz|",
        "The Jacobian was put into the density later, and not into its gradient.",
        "constraints.bijections",
        change("return dy * cache + dlog_slope\n", "return dy * cache + 0 * dlog_slope\n"),
        ("gradient: constraint positive",),
        "missing_term",
    ),
    Mistake(
        "softplus-slope",
        "log y' of the softplus is -log(1 + e^a), and its gradient follows",
        "log s(a) = -log(1 + e^-a): the sign of a is lost.",
        "constraints.bijections",
        (
            ("smallest(a.dtype)), -softplus(-a), a", "smallest(a.dtype)), -softplus(a), a"),
            (
                "return dy * sigmoid(cache) + dlog_slope * sigmoid(-cache)",
                "return dy * sigmoid(cache) - dlog_slope * sigmoid(cache)",
            ),
        ),
        ("gradient: constraint softplus", "log_det: constraint softplus"),
        "unexplained",
    ),
    Mistake(
        "interval-width",
        "log|det| lacks the width of the interval",
        "A constant; the logistic map of the unit interval is copied.",
        "constraints.bijections",
        change(
            "log_slope = math.log(self.width) - np.abs(a)", "log_slope = 0 * math.log(self.width) - np.abs(a)"
        ),
        ("gradient: constraint interval", "log_det: constraint interval"),
        "missing_term",
    ),
    Mistake(
        "ordered-sum",
        "dz_i is dtheta_i e^z_i: that z_i moves all later entries is forgotten",
        "A cumulative sum is differentiated as if it acted on each entry alone.",
        "constraints.ordered",
        change("after = np.cumsum(np.flip(dtheta, axis=-1), axis=-1)", "after = np.flip(dtheta, axis=-1)"),
        ("gradient: constraint ordered",),
        "rows",
    ),
    Mistake(
        "simplex-count",
        "dlog_det is multiplied by 1 - (n - 1) theta",
        "The first n - 1 entries are free, and all n are in log|det|.",
        "constraints.simplex",
        change("dlog_det * (1 - self.size * cache)", "dlog_det * (1 - self.n_free * cache)"),
        ("gradient: constraint simplex",),
        "unexplained",
    ),
)
