"""Maps z = g(eps; lam) from noise to latent, chosen so that log|det dz/deps| is cheap."""

from scratchvae.reparam.base import Affine, Reparameterization
from scratchvae.reparam.diagonal import Diagonal
from scratchvae.reparam.full_rank import FullRank
from scratchvae.reparam.low_rank import LowRank
from scratchvae.validation import choose

#: The maps by the name that ``posterior=`` and ``family=`` take.
MAPS = {"diagonal": Diagonal, "full_rank": FullRank, "low_rank": LowRank}
#: What variational inference calls some of them.
ALIASES = {"mean_field": Diagonal}


def build(spec, n_latent, what="map"):
    """Return the map that `spec` names, ``"full_rank"`` or ``"low_rank:2"``, or the map itself.

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
    kind = choose(MAPS | ALIASES, name, what)
    try:
        return kind(n_latent, int(number)) if colon else kind(n_latent)
    except TypeError:
        raise ValueError(f"{what} {name!r} takes no number, but {spec!r} has one.") from None
    except ValueError as error:
        raise ValueError(f"{what} {spec!r}: {error}") from None


__all__ = ["MAPS", "Affine", "Diagonal", "FullRank", "LowRank", "Reparameterization", "build"]
