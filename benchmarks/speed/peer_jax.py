"""The same VAE's step in JAX: one compiled step, and whole epochs compiled by `scan`."""

from benchmarks.speed.networks import N_DATA
from benchmarks.speed.rounds import Absent


def load():
    """jax, or Absent."""
    try:
        import jax
    except ImportError:
        raise Absent("jax is not installed") from None
    return jax


def step_by_step(network):
    """A compiled step that is called from Python with a minibatch."""
    jax = load()
    step, state, data = _training(jax, network)
    compiled = jax.jit(step, donate_argnums=0)
    batches = [data[i : i + network.batch_size] for i in range(0, N_DATA, network.batch_size)]

    def run(n):
        nonlocal state
        for i in range(n):
            state, loss = compiled(state, batches[i % (len(batches) - 1)])
        loss.block_until_ready()

    return run


def whole_epochs(network, n_steps=50):
    """`scan` over so many steps, the minibatches taken inside: JAX's best form."""
    jax = load()
    step, state, data = _training(jax, network)

    def body(state, start):
        return step(state, jax.lax.dynamic_slice_in_dim(data, start, network.batch_size))

    starts = jax.numpy.arange(n_steps) * network.batch_size % (N_DATA - network.batch_size)
    scan = jax.jit(lambda state: jax.lax.scan(body, state, starts), donate_argnums=0)

    def run(n):
        nonlocal state
        n_scans = max(1, n // n_steps)
        for _ in range(n_scans):
            state, losses = scan(state)
        losses.block_until_ready()
        return n_scans * n_steps

    return run


def _training(jax, network):
    """A step of Adam up the Monte Carlo ELBO, its state, and the data."""
    from jax import numpy as jnp

    encoder, decoder = network.layers()
    keys = jax.random.split(jax.random.PRNGKey(0), len(encoder) + len(decoder))
    weights = [
        (jax.random.normal(key, pair) / pair[0] ** 0.5, jnp.zeros(pair[1]))
        for key, pair in zip(keys, encoder + decoder, strict=True)
    ]
    activation = {"tanh": jnp.tanh, "relu": jax.nn.relu}[network.activation]

    def mlp(layers, h):
        for weight, bias in layers[:-1]:
            h = activation(h @ weight + bias)
        return h @ layers[-1][0] + layers[-1][1]

    def loss(weights, x, key):
        mu, log_sigma = jnp.split(mlp(weights[: len(encoder)], x), 2, axis=-1)
        eps = jax.random.normal(key, mu.shape)
        z = mu + jnp.exp(log_sigma) * eps
        logits = mlp(weights[len(encoder) :], z)
        log_likelihood = (x * logits - jax.nn.softplus(logits)).sum(-1)
        kl = (-0.5 * eps**2 - log_sigma + 0.5 * z**2).sum(-1)
        return -(log_likelihood - kl).mean()

    def step(state, x):
        weights, m, v, t, key = state
        key, draw = jax.random.split(key)
        value, grad = jax.value_and_grad(loss)(weights, x, draw)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grad)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grad)
        first, second = 1 - 0.9**t, 1 - 0.999**t
        weights = jax.tree.map(
            lambda w, m, v: w - 1e-4 * (m / first) / (jnp.sqrt(v / second) + 1e-8), weights, m, v
        )
        return (weights, m, v, t + 1, key), value

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(1), jax.random.PRNGKey(1))
    return step, state, jnp.asarray(network.data(N_DATA))
