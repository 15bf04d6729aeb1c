"""What K samples cost: the encoder is shared, so ten samples take less than ten times one."""

from benchmarks.speed import networks
from benchmarks.speed.rounds import Timing, ratio, take_turns
from benchmarks.speed.tables import Row, Table

N_SAMPLES = 10


def part(plan):
    """For each network, a step with ten samples beside ten steps with one, and beside its products."""
    for network in networks.NETWORKS.values():
        yield many_beside_one(network, plan)


def many_beside_one(network, plan, n_samples=N_SAMPLES):
    """A `Table`; the products' row has the share of one step's products that ten samples should take."""
    contestants = {
        "many": (networks.ours, (network, n_samples)),
        "one": (networks.ours, (network,)),
        "products of many": (networks.products, (network, n_samples)),
        "products of one": (networks.products, (network,)),
    }
    found, _ = take_turns(contestants, plan.n_rounds, plan.seconds)
    ours, ten_steps, products = found["many"], times(found["one"], n_samples), found["products of many"]
    share = ratio(products, times(found["products of one"], n_samples))
    rows = (
        Row(f"one step, K = {n_samples}", ours.seconds),
        Row(f"{n_samples} steps, K = 1", ten_steps.seconds, ratio(ours, ten_steps), at_most=1.0),
        Row("its matrix products", products.seconds, ratio(ours, products)),
    )
    note = f"the products of one step by those of {n_samples}: {share:.2f}"
    return Table("samples", f"K = {n_samples} samples, {network.name}", "us", rows, note=note)


def times(timing, factor):
    """So many times the seconds of each round."""
    return Timing(tuple(factor * seconds for seconds in timing.seconds))
