"""The names of families of q, and how a family is made of maps."""

from scratchvae.reparam.base import Reparameterization
from scratchvae.reparam.chain import Chain
from scratchvae.reparam.diagonal import Diagonal
from scratchvae.reparam.full_rank import FullRank
from scratchvae.reparam.low_rank import LowRank
from scratchvae.validation import choose

#: Every single map, by name.
MAPS = {"diagonal": Diagonal, "full_rank": FullRank, "low_rank": LowRank}
#: Families of several maps: the name, and a function (n_latent, n, n_context) that gives n maps.
FAMILIES = {}
#: What variational inference calls some of them.
ALIASES = {"mean_field": Diagonal}


def build(spec, n_latent, what="map", n_context=0):
    """Return the map that `spec` names, or the map itself.

    Parameters
    ----------
    spec : str or Reparameterization
        "diagonal" or "mean_field", "full_rank", "low_rank:r", or one of `FAMILIES` with the number of its
        maps, "planar:8", which stand after a diagonal one.
    n_latent : int
    what : str
        What is being chosen, for messages.
    n_context : int
        How many numbers of lam each network of a map is given, in a VAE.

    Raises
    ------
    ValueError
        If the name is unknown, its number makes no sense, or the map is of another dimension.
    """
    if isinstance(spec, Reparameterization):
        if spec.n_latent != n_latent:
            raise ValueError(f"the {what} maps {spec.n_latent} dimensions, but {n_latent} are needed.")
        return spec
    name, colon, number = spec.partition(":") if isinstance(spec, str) else (spec, "", "")
    kind = choose(MAPS | ALIASES | FAMILIES, name, what)
    try:
        if name in FAMILIES:
            return _family(name, n_latent, int(number) if colon else 1, n_context)
        return kind(n_latent, int(number)) if colon else kind(n_latent)
    except TypeError:
        raise ValueError(f"{what} {name!r} takes no number, but {spec!r} has one.") from None
    except ValueError as error:
        raise ValueError(f"{what} {spec!r}: {error}") from None


def _family(name, n_latent, n_maps, n_context):
    """A chain of a diagonal map and n others."""
    return Chain(Diagonal(n_latent), *FAMILIES[name](n_latent, n_maps, n_context))
