"""Mistakes in optimizers, of which only the steps under a constant gradient are known."""

from scratchvae.planted.mistake import Mistake, change

MISTAKES = (
    Mistake(
        "adam-without-bias-correction",
        "m and v are used as they are: the first steps are 3.2 times too long with the usual decays",
        "Both averages begin at zero; (1 - beta1) / sqrt(1 - beta2) of the right step is left.",
        "kernels.reference",
        (
            ("m_hat = m / (1 - beta1**t)", "m_hat = m"),
            ("v_hat = v / (1 - beta2**t)", "v_hat = v"),
        ),
        ("update: adam",),
        "scale",
    ),
    Mistake(
        "adam-correction-of-t-minus-one",
        "the bias correction counts steps from zero",
        "t is increased after the step; the first correction would divide by zero, and is left out.",
        "kernels.reference",
        (
            ("m_hat = m / (1 - beta1**t)", "m_hat = m / (1 - beta1 ** max(t - 1, 1))"),
            ("v_hat = v / (1 - beta2**t)", "v_hat = v / (1 - beta2 ** max(t - 1, 1))"),
        ),
        ("update: adam",),
        "scale",
    ),
    Mistake(
        "adam-second-moment",
        "v averages the gradient, not its square",
        "The line of m is copied.",
        "kernels.reference",
        change("v += (1 - beta2) * (grad * grad)", "v += (1 - beta2) * np.abs(grad)"),
        ("update: adam",),
        "unexplained",
    ),
    Mistake(
        "adam-without-root",
        "the step is divided by v_hat, not by its square root",
        "The units would say it: the step must not depend on the size of the gradient.",
        "kernels.reference",
        change("(np.sqrt(v_hat) + epsilon)", "(v_hat + epsilon)"),
        ("update: adam",),
        "unexplained",
    ),
    Mistake(
        "adamw-decay-in-the-step",
        "weight decay is divided by the root mean square too: it is the L2 penalty of Adam, not AdamW",
        "The decay is added to the gradient, as for SGD, where the two are the same.",
        "kernels.reference",
        change(
            "(m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * value)",
            "((m_hat + weight_decay * value) / (np.sqrt(v_hat) + epsilon))",
        ),
        ("update: adamw",),
        "unexplained",
    ),
    Mistake(
        "rmsprop-without-root",
        "the step is divided by the mean square, not by its root",
        "As in Adam.",
        "optim.rmsprop",
        change("lr * grad / np.sqrt(spread + self.epsilon)", "lr * grad / (spread + self.epsilon)"),
        ("update: rmsprop",),
        "unexplained",
    ),
    Mistake(
        "adagrad-forgets",
        "the sum of squares holds the last gradient only",
        "= for +=.",
        "optim.adagrad",
        change("sum_squares += grad * grad", "sum_squares[...] = grad * grad"),
        ("update: adagrad",),
        "scale",
    ),
    Mistake(
        "momentum-sign",
        "the velocity is added with the gradient's sign: the loss is climbed",
        "Written for a bound that is maximised, used for a loss.",
        "optim.momentum",
        change("velocity -= downhill", "velocity += downhill"),
        ("update: momentum",),
        "sign",
    ),
    Mistake(
        "nesterov-double-step",
        "the look-ahead is added to the whole velocity",
        "mu v - lr g replaces the step v; here it is added to it.",
        "optim.momentum",
        change(
            "value += self.momentum * velocity - downhill if self.nesterov else velocity",
            "value += velocity + self.momentum * velocity - downhill if self.nesterov else velocity",
        ),
        ("update: nesterov",),
        "scale",
    ),
)
