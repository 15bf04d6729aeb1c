"""The names of families of q, and how a family is made of maps."""

from scratchvae.reparam.autoregressive import InverseAutoregressive
from scratchvae.reparam.base import Reparameterization
from scratchvae.reparam.chain import Chain
from scratchvae.reparam.coupling import AffineCoupling
from scratchvae.reparam.diagonal import Diagonal
from scratchvae.reparam.free import Free
from scratchvae.reparam.full_rank import FullRank
from scratchvae.reparam.householder import Householder
from scratchvae.reparam.low_rank import LowRank
from scratchvae.reparam.permutation import Reverse
from scratchvae.reparam.planar import Planar
from scratchvae.reparam.radial import Radial
from scratchvae.reparam.spline import SplineCoupling
from scratchvae.reparam.sylvester import Sylvester
from scratchvae.validation import choose, positive_int

#: The Gaussian maps, by name; "low_rank:r" has the rank r.
GAUSSIANS = {"diagonal": Diagonal, "full_rank": FullRank, "low_rank": LowRank}
#: What variational inference calls some of them.
ALIASES = {"mean_field": Diagonal}


def _repeated(kind):
    """n maps of a kind that has no network."""
    return lambda n_latent, n_maps, n_context: [kind(n_latent) for _ in range(n_maps)]


def _coupling(n_latent, n_maps, n_context):
    """Every other coupling moves the half that the one before it let pass."""
    return [AffineCoupling(n_latent, n_context=n_context, flip=i % 2 == 1) for i in range(n_maps)]


def _spline(n_latent, n_maps, n_context):
    return [SplineCoupling(n_latent, n_context=n_context, flip=i % 2 == 1) for i in range(n_maps)]


def _iaf(n_latent, n_maps, n_context):
    """Between two maps the order is reversed: what came first, and saw nothing, then sees all.

    The networks are twice as wide as z, for fewer hidden units than inputs would leave out some of these.
    """
    hidden = max(64, 2 * n_latent)
    maps = [InverseAutoregressive(n_latent, hidden, n_context) for _ in range(n_maps)]
    return [part for one in maps for part in (one, Reverse(n_latent))][:-1]


#: The flows by name, "planar:8": functions (n_latent, n_maps, n_context) that give the maps.
FLOWS = {
    "householder": lambda n_latent, n_maps, n_context: [Householder(n_latent, n_maps)],
    "planar": _repeated(Planar),
    "radial": _repeated(Radial),
    "sylvester": _repeated(Sylvester),
    "coupling": _coupling,
    "iaf": _iaf,
    "spline": _spline,
}
#: All names that ``posterior=`` and ``family=`` take.
FAMILIES = {**GAUSSIANS, **ALIASES, **FLOWS}


def build(spec, n_latent, what="map", n_context=0):
    """Return the map that `spec` names, or the map itself.

    Parameters
    ----------
    spec : str or Reparameterization
        "diagonal" (or "mean_field"), "full_rank", "low_rank:r"; or a flow with the number of its maps,
        "planar:8", "coupling:4", "iaf:2", which stand after a diagonal map: z_0 = mu + sigma eps, and z
        is what the maps make of z_0 (Rezende & Mohamed 2015, equation 9).
    n_latent : int
    what : str
        What is being chosen, for messages.
    n_context : int
        How many numbers of lam each network of a map is given.

    Raises
    ------
    ValueError
        If the name is unknown, its number makes no sense, or the map is of another dimension.
    """
    if isinstance(spec, Reparameterization):
        if spec.n_latent != n_latent:
            raise ValueError(f"the {what} maps {spec.n_latent} dimensions, but {n_latent} are needed.")
        return spec
    name, number = _parsed(spec, what)
    try:
        if name in FLOWS:
            return _Named(spec, Diagonal(n_latent), *_maps(name, n_latent, number, n_context))
        kind = FAMILIES[name]
        return kind(n_latent) if number is None else kind(n_latent, number)
    except TypeError:
        raise ValueError(f"{what} {name!r} takes no number, but {spec!r} has one.") from None
    except ValueError as error:
        raise ValueError(f"{what} {spec!r}: {error}") from None


def build_free(spec, n_latent, what="family"):
    """The same for a fit without an encoder: the weights are a part of lam, and the diagonal map is last.

    There the flow works on eps itself, wherever the posterior lies and however wide it is. Reflections
    have a diagonal map before them too, for they would leave N(0, I) as it is.
    """
    found = build(spec, n_latent, what)
    if isinstance(found, _Named):
        diagonal, *maps = found.maps
        first = [diagonal] if isinstance(maps[0], Householder) else []
        found = _Named(spec, *first, *maps, diagonal)
    return Free(found) if found.shapes() else found


class _Named(Chain):
    """A chain that a name makes."""

    def __init__(self, spec, *maps):
        self.name = spec
        super().__init__(*maps)

    @property
    def spec(self):
        return self.name


def _parsed(spec, what):
    """The name and the number, None if there is none."""
    name, colon, number = spec.partition(":") if isinstance(spec, str) else (spec, "", "")
    choose(FAMILIES, name, what)
    try:
        return name, int(number) if colon else None
    except ValueError:
        raise ValueError(f"{what} {spec!r}: {number!r} is no whole number.") from None


def _maps(name, n_latent, number, n_context):
    n_maps = 1 if number is None else positive_int(number, "the number of maps")
    return FLOWS[name](n_latent, n_maps, n_context)
