"""The same VAE's step in PyTorch: eager, with the fused Adam, and compiled."""

from benchmarks.speed.networks import N_DATA
from benchmarks.speed.rounds import Absent


def load():
    """torch, or Absent."""
    try:
        import torch
    except ImportError:
        raise Absent("torch is not installed") from None
    return torch


def step(network, fused=False, compiled=False):
    """Steps of Adam up the Monte Carlo ELBO."""
    torch = load()
    torch.manual_seed(0)
    encoder, decoder = (_mlp(torch, pairs, network.activation) for pairs in network.layers())
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-4, fused=fused)
    data = torch.from_numpy(network.data(N_DATA))
    batches = data.split(network.batch_size)[:-1]

    def loss(x):
        mu, log_sigma = encoder(x).chunk(2, dim=-1)
        eps = torch.randn_like(mu)
        z = mu + log_sigma.exp() * eps
        logits = decoder(z)
        log_likelihood = -torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
        kl = (-0.5 * eps**2 - log_sigma + 0.5 * z**2).sum(-1)
        return -(log_likelihood.sum(-1) - kl).mean()

    if compiled:
        loss = torch.compile(loss)

    def run(n):
        for i in range(n):
            optimizer.zero_grad()
            loss(batches[i % len(batches)]).backward()
            optimizer.step()

    run(1)
    return run


def _mlp(torch, pairs, activation):
    layers = []
    for n_in, n_out in pairs:
        layers += [torch.nn.Linear(n_in, n_out), {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation]()]
    return torch.nn.Sequential(*layers[:-1])
