"""The backward pass of an affine map."""

from scratchvae.course.exercise import Case, Task, Wrong
from scratchvae.course.specs.random_inputs import size


def linear_backward(x, weight, da):
    """The gradients of a scalar by x, weight and bias, for a = x weight + bias."""
    return da @ weight.T, x.T @ da, da.sum(axis=0)


def _cases(rng):
    cases = []
    for _ in range(3):
        n = size(rng, 4, 6)
        b, n_in, n_out = size(rng, 7, 9), n, n  # square, so that a transposed weight has the right shape
        shapes = {"x": (b, n_in), "weight": (n_in, n_out), "da": (b, n_out)}
        cases.append(Case({name: rng.normal(0, 1, shape) for name, shape in shapes.items()}))
    shapes = {"x": (1, 3), "weight": (3, 2), "da": (1, 2)}
    one = Case({name: rng.normal(0, 1, shape) for name, shape in shapes.items()}, "a batch of one")
    return [*cases, one]


TASK = Task(
    reference=linear_backward,
    cases=_cases,
    outputs=("dx", "dweight", "dbias"),
    points=3,
    sizes=lambda inputs: {"B": len(inputs["x"])},
    wrong=(
        Wrong(
            "dx uses the weight as it is: an output's gradient goes back along the weights, transposed",
            lambda x, weight, da: (
                da @ (weight if weight.shape[0] == weight.shape[1] else weight.T),
                x.T @ da,
                da.sum(axis=0),
            ),
        ),
        Wrong(
            "dbias is a mean over the batch; the bias is in every row, so its gradient is a sum",
            lambda x, weight, da: (da @ weight.T, x.T @ da, da.mean(axis=0)),
        ),
        Wrong(
            "the gradients are divided by the batch size: if the loss is a mean, da says so already",
            lambda x, weight, da: (
                da @ weight.T,
                x.T @ da / max(len(x), 2),
                da.sum(axis=0) / max(len(x), 2),
            ),
        ),
    ),
    hints=(
        "Write a_ij = sum_k x_ik W_kj + b_j, and ask for each entry of W where it occurs.",
        "W_kj is in a_ij for every i, times x_ik; b_j is in a_ij for every i; x_ik is in a_ij for every j.",
        "The shapes of dx, dweight and dbias are those of x, weight and bias: which products have them?",
    ),
)
