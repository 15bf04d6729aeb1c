"""Networks with hand-written backward passes."""

from scratchvae.nn.activations import ACTIVATIONS
from scratchvae.nn.init import INITIALIZATIONS
from scratchvae.nn.linear import Linear
from scratchvae.nn.masked import MADE, MaskedLinear
from scratchvae.nn.mlp import MLP

__all__ = ["ACTIVATIONS", "INITIALIZATIONS", "MADE", "MLP", "Linear", "MaskedLinear"]
