"""Where a training step's time goes: method by method while it runs, and what new memory costs it.

In a running step a line takes longer than by itself, for other lines, and other cores, have worked on its
memory before. Adam most of all, which writes to weights that both cores have read: on a virtual machine's two
cores it took 240 us alone, and 1,200 to 1,900 right after a product with the weights (784-500-20).
"""

import resource
import statistics
import time

from benchmarks.speed import networks
from benchmarks.speed.rounds import take_turns
from benchmarks.speed.tables import Row, Table
from benchmarks.speed.watching import Watch

FORWARD, BACKWARD = "forward: x W + b", "backward: x^T da, da W^T"
REST = "the rest: noise, prior, bound, Python"


def part(plan):
    """For each network, a step by its lines, and the products into new arrays and into old ones."""
    for network in networks.NETWORKS.values():
        yield by_lines(network, plan)
        yield allocation(network, plan)


def methods():
    """What is watched: (class, method, label)."""
    from scratchvae.data import Minibatches
    from scratchvae.distributions.base import Likelihood
    from scratchvae.distributions.bernoulli import Bernoulli
    from scratchvae.nn.activations import Activation, Identity
    from scratchvae.nn.linear import Linear
    from scratchvae.optim import Adam
    from scratchvae.reparam import Diagonal
    from scratchvae.training.run import Run

    return (
        (Minibatches, "__next__", lambda _: "minibatch"),
        (Linear, "forward", lambda layer: f"{layer.prefix}{FORWARD}"),
        (Activation, "forward", lambda _: "activations"),
        (Diagonal, "forward", lambda _: "reparameterization"),
        (Bernoulli, "forward", lambda _: "Bernoulli"),
        (Likelihood, "backward", lambda _: "Bernoulli, backward"),
        (Linear, "backward", lambda layer: f"{layer.prefix}{BACKWARD}"),
        (Activation, "backward_with_bias", lambda _: "activations, backward"),
        (Identity, "backward_with_bias", lambda _: "activations, backward"),
        (Diagonal, "backward", lambda _: "reparameterization, backward"),
        (Run, "check_finite", lambda _: "is the gradient finite?"),
        (Adam, "update", lambda _: "Adam"),
        (Run, "step", lambda _: REST),
    )


def by_lines(network, plan):
    """A `Table` of the step's lines, each the median over steps; the products alone stand beside them."""
    steps, found = networks.ours(network), []
    steps(10)
    with Watch().on(methods()) as watch:
        for _ in range(3 if plan.quick else 20 * plan.n_rounds):
            watch.reset()
            steps(1)
            found.append(watch.reset())
    rows = {label: tuple(one[label] for one in found) for label in found[0]}
    alone = products_alone(network)
    whole = Row("the whole step, watched", tuple(sum(one.values()) for one in found))
    lines = [Row(label, values, note=_beside(label, alone)) for label, values in rows.items()]
    return Table("lines", f"where a training step goes, {network.name}", "us", (whole, *lines))


def _beside(label, alone):
    return f"the products alone {1e6 * alone[label]:.0f}" if label in alone else ""


def products_alone(network, repeats=50):
    """{label: seconds} of each layer's products into memory that is there, as `methods` calls them."""
    found = {}
    for name, calls in networks.products_by_layer(network).items():
        found[f"{name}.{FORWARD}"] = _median_seconds(calls[:1], repeats)
        found[f"{name}.{BACKWARD}"] = _median_seconds(calls[1:], repeats)
    return found


def _median_seconds(calls, repeats):
    run, seconds = networks.repeated(calls), []
    for _ in range(repeats):
        start = time.perf_counter()
        run(1)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def allocation(network, plan):
    """A `Table` of the step's products into new arrays and into old ones, and how often a step faults."""
    new, old = "products into new arrays", "products into old ones"
    contestants = {new: (networks.products, (network, 1, True)), old: (networks.products, (network,))}
    timings, _ = take_turns(contestants, plan.n_rounds, plan.seconds)
    note = f"a step of training touches new pages {faults(networks.ours(network)):.1f} times"
    return Table.of("lines", f"what new memory costs a step, {network.name}", timings, note=note)


def faults(steps, n=50):
    """Page faults a step, once the memory of the steps before can be used again."""
    steps(n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    steps(n)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / n
