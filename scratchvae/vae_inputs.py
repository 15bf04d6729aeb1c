"""What comes into a VAE: data, labels, noise, latents, the bound's name; all that does not fit is refused."""

import numpy as np

from scratchvae.bounds import VAE_BOUNDS
from scratchvae.distributions import StandardNormal
from scratchvae.validation import build, finite, has_shape, numeric_array


class Inputs:
    """Checks of the arguments of a class with the attributes of a `VAE`."""

    def check_bound(self, bound):
        """Return the bound that is named, or raise a ValueError if it does not suit this model."""
        bound = build(VAE_BOUNDS, bound, "bound")
        has_closed_form = hasattr(self.posterior, "kl_forward") and isinstance(self.prior, StandardNormal)
        if bound.uses_kl and not has_closed_form:
            raise ValueError(
                "KL has a closed form for a Gaussian posterior and the standard normal prior only, not for "
                f"posterior={self.posterior.spec!r} with prior={self.prior.spec!r}: use bound='elbo'."
            )
        if bound.uses_kl == "by_coordinate" and not self.posterior.factorises:
            raise ValueError(
                f"the bound {type(bound).__name__} needs the KL of each coordinate of z, and q(z|x) is no "
                f"product over them with posterior={self.posterior.spec!r}: use posterior='diagonal'."
            )
        return bound

    def check_data(self, x):
        """Return x as (B, D) in the model's dtype, or raise a ValueError that says what is wrong."""
        x = self.check_rows(x)
        self.likelihood.check(x)
        if x.dtype == np.uint8 and x.max() > 1 and not self.likelihood.takes_levels:
            raise ValueError("x holds bytes up to 255, which training divides by 255: give x / 255.")
        return self._in_own_dtype(x, "x")

    def check_rows(self, x):
        """Return x as an array (B, D), whether or not the likelihood can give it, or raise a ValueError."""
        return finite(has_shape(numeric_array(x, "x"), "x", (None, self.n_data), "(B, D)"), "x")

    def check_dataset(self, dataset):
        """Raise a ValueError if a data set is of another width, or its labels do not suit the model."""
        if dataset.n_data != self.n_data:
            raise ValueError(
                f"{dataset.name} has {dataset.n_data} values a row, but the model has n_data={self.n_data}."
            )
        self.labels_of(dataset)

    def check_noise(self, eps, x):
        """Return eps as (K, B, L) in the model's dtype, B the number of rows of x, or raise a ValueError."""
        eps = has_shape(numeric_array(eps, "eps"), "eps", (None, len(x), self.n_latent), "(K, B, L)")
        return self._in_own_dtype(finite(eps, "eps"), "eps")

    def check_latents(self, z):
        """Return z as (..., L) in the model's dtype, or raise a ValueError."""
        z = finite(numeric_array(z, "z"), "z")
        if z.ndim == 0 or z.shape[-1] != self.n_latent or z.size == 0:
            raise ValueError(f"z must have shape (..., L) = (..., {self.n_latent}), not {z.shape}.")
        return self._in_own_dtype(z, "z")

    def _in_own_dtype(self, array, name):
        with np.errstate(over="ignore"):  # what float32 cannot hold is reported in words
            return finite(np.asarray(array, self.dtype, order="C"), f"{name} as {self.dtype}")

    def _checked(self, x, eps, bound, y):
        """All that a loss takes, in this order, as `loss_and_grad` asks for it."""
        bound, x = self.check_bound(bound), self.check_data(x)
        eps, y = self.check_noise(eps, x), self.check_labels(y, x.shape[:1])
        bound.check_samples(len(eps))
        return x, eps, bound, y

    # --- labels ---------------------------------------------------------------------------------

    def check_labels(self, y, shape, one_for_all=False):
        """Return the labels y as whole numbers of that shape, None for a model without them.

        Parameters
        ----------
        y : array of int, or None
        shape : tuple of int
            (B,), a label for each datum.
        one_for_all : bool
            Whether y may be a single number, the label of all.

        Raises
        ------
        ValueError
            If a conditional model is given none, or another model some; if y has another shape, or a label
            is not a whole number from 0 to C - 1.
        """
        if self.n_classes is None:
            if y is not None:
                raise ValueError("this model takes no labels y: n_classes=10, say, makes a conditional one.")
            return None
        if y is None:
            raise ValueError(
                f"this model is conditional: give the labels y, whole numbers from 0 to {self.n_classes - 1}."
            )
        y = finite(numeric_array(y, "y"), "y")
        if y.ndim == 0 and one_for_all:
            y = np.broadcast_to(y, shape)
        if y.shape != shape:
            raise ValueError(self._wrong_shape_of_labels(y, shape))
        wrong = (y != np.floor(y)) | (y < 0) | (y >= self.n_classes)
        if wrong.any():
            raise ValueError(
                f"y must hold whole numbers from 0 to {self.n_classes - 1}, for n_classes={self.n_classes}, "
                f"but {wrong.sum()} of {y.size} labels are not (such as {y[wrong][0]})."
            )
        return y.astype(np.intp)

    def _wrong_shape_of_labels(self, y, shape):
        hint = ""
        if y.shape == (*shape, self.n_classes):
            hint = " They look one-hot: give their numbers, y.argmax(axis=-1)."
        return f"y must have shape {shape}, one label for each datum, not {y.shape}.{hint}"

    def labels_of(self, dataset, rows=slice(None)):
        """Return the labels of these rows of a data set, checked; None for a model without labels."""
        if self.n_classes is None:
            return None
        if dataset.labels is None:
            raise ValueError(
                f"{dataset.name} has no labels, which this conditional model needs: make the data set by "
                "scratchvae.data.as_dataset(x, labels=y), or put an array 'labels' into the .npz file."
            )
        labels = dataset.labels[rows]
        return self.check_labels(labels, (len(labels),))

    def one_hot(self, y):
        """c (..., C) of labels y (...) that are checked already; None for None."""
        return None if y is None else np.eye(self.n_classes, dtype=self.dtype)[y]
