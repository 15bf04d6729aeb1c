"""The numbers by which the kernels know an elementwise activation (numba cannot take a class)."""

IDENTITY, TANH, RELU, LEAKY_RELU, ELU, SOFTPLUS, SIGMOID, GELU = range(8)

#: Slope of the leaky ReLU below zero (Maas et al. 2013).
LEAK = 0.01
#: Where the ELU saturates: its value tends to -ELU_ALPHA (Clevert et al. 2016).
ELU_ALPHA = 1.0
