"""What the conjugate regressions share: a table x, a response y, names, and the same columns again later."""

from scratchvae.models.design import design, response


class Regression:
    """Keeps the design of a regression; a base beside `ExactModel`.

    Attributes
    ----------
    x : array (N, C)
        The explanatory variables without the intercept.
    design : array (N, P)
        With the intercept's column of ones first, if there is one.
    y : array (N,)
    coefficients : tuple of str
        Names of the P coefficients.
    intercept : bool
    names : tuple of str or None
        Of the C columns, if they have names.
    """

    def _observe(self, x, y, intercept, names, reserved=()):
        """Take the data in, checked; `reserved` are names of parameters that are no coefficients."""
        names = getattr(x, "columns", None) if names is None else names
        table = design(x, intercept, names, reserved)
        self.intercept, self.coefficients, self.parameters = bool(intercept), table.names, table.parameters
        self.names = None if names is None else table.names[self.intercept :]
        self.design, self.x = table.matrix, table.matrix[:, self.intercept :]
        self.y = response(y, len(self.design))
        self.n_data = len(self.y)

    def new_design(self, x):
        """The design matrix (M, P) of new rows `x` (M, C), by default this model's own; checked."""
        if x is None:
            return self.design
        came = getattr(x, "columns", None)
        if came is not None and self.names is not None and tuple(map(str, came)) != self.names:
            raise ValueError(f"x must have the columns {list(self.names)} in this order, not {list(came)}.")
        matrix = design(x, self.intercept).matrix
        if matrix.shape[1] != self.design.shape[1]:
            columns = self.x.shape[1]
            raise ValueError(
                f"x must have {columns} columns as in the fit, not {matrix.shape[1] - self.intercept}."
            )
        return matrix

    def _again(self, y, x, **options):
        """A model of the same class and columns, of y at rows x (by default the same)."""
        x = self.x if x is None else self.new_design(x)[:, self.intercept :]
        return type(self)(x, y, intercept=self.intercept, names=self.names, **options)
