"""The main job from end to end: data, gradient check, training, evaluation, figures, summary."""

import dataclasses
import json
import time

import numpy as np

from scratchvae import data, gradcheck, plotting
from scratchvae.evaluation import evaluate
from scratchvae.optim import Adam, Cosine
from scratchvae.storage import atomic_write, writable_folder
from scratchvae.training import prepare, train
from scratchvae.vae import VAE
from scratchvae.validation import positive_int

HIDDEN = (500,)
BATCH_SIZE = 100
IMPORTANCE_SAMPLES = 100
#: Latent dimensions of the two models: one to reconstruct and sample with, one that can be drawn.
LATENT = (20, 2)


class Demo:
    """Trains the two models and writes everything into a folder.

    Parameters
    ----------
    folder : path
    epochs, rows : int
        Passes over how many digits.
    seed : int
    say : callable
        Takes a line about the progress.
    progress : bool
        Whether to show progress bars.
    """

    def __init__(self, folder, epochs, rows, seed, say, progress):
        self.epochs, rows = positive_int(epochs, "epochs"), positive_int(rows, "rows")
        self.folder, self.seed = writable_folder(folder), seed
        self.say, self.progress = say, progress
        self.started = time.monotonic()
        self.say(f"rendering {rows:,} digits to train on, 2,000 to validate and 2,000 to test")
        self.train_set = data.load("glyphs", "train", n=rows, seed=seed)
        self.valid_set = data.load("glyphs", "valid", seed=seed)
        self.test_set = data.load("glyphs", "test", seed=seed)
        self.results = {}

    def run(self):
        """Check, train, evaluate and draw both models; return whether the gradients are right."""
        models = {f"latent{n_latent}": self._model(n_latent) for n_latent in LATENT}
        checks = {name: self._check(vae) for name, vae in models.items()}
        for name, report in checks.items():
            self.say(f"\ngradient check of the {models[name].n_latent}-dimensional model\n{report}")
        if not all(checks.values()):
            return False
        histories = {name: self._train(name, vae) for name, vae in models.items()}
        for name, vae in models.items():
            self._note_results(name, vae, histories[name], checks[name])
        self._draw(*models.values(), histories)
        self._write_summary()
        return True

    def _model(self, n_latent):
        return VAE(self.train_set.n_data, n_latent, hidden=HIDDEN, activation="tanh", seed=self.seed)

    def _check(self, vae):
        rng = np.random.default_rng(self.seed)
        x = data.binarization.dynamic(self.train_set.subset(slice(8)), None, rng)
        return gradcheck.check_vae(vae, x, rng.standard_normal((1, len(x), vae.n_latent)), n_probes=3)

    def _train(self, name, vae):
        self.say(f"\ntraining {len(vae.parameters):,} parameters, {vae.n_latent} latent dimensions")
        steps = self.epochs * -(-len(self.train_set) // BATCH_SIZE)
        history = train(
            vae,
            self.train_set,
            epochs=self.epochs,
            batch_size=BATCH_SIZE,
            optimizer=Adam(Cosine(2e-3, steps, final=1e-4)),
            rng=np.random.default_rng([self.seed, vae.n_latent]),
            valid=self.valid_set,
            binarization="dynamic",
            progress=self.progress,
        )
        vae.save(self.folder / f"{name}.npz")
        history.save_csv(self.folder / f"{name}.csv")
        self.say(repr(history))
        return history

    def _note_results(self, name, vae, history, check):
        test = prepare(vae, self.test_set, "fixed")
        scores = evaluate(vae, test, IMPORTANCE_SAMPLES)
        self.results[name] = {
            "n_latent": vae.n_latent,
            "n_parameters": len(vae.parameters),
            "gradient_check_worst_relative_error": check.worst.error,
            "seconds_of_training": history.rows[-1]["seconds"],
            "train_elbo": history.rows[-1]["train_elbo"],
            "test": dataclasses.asdict(scores),
        }

    # --- figures --------------------------------------------------------------------------------

    def _draw(self, latent20, latent2, histories):
        self.say("drawing")
        self._learning_curves(histories)
        rng = np.random.default_rng(self.seed)
        some = prepare(latent20, self.test_set.subset(slice(24)), "fixed").pixels()
        self._picture("reconstructions", 9, 3.2, plotting.reconstructions, some, latent20.reconstruct(some))
        self._picture("samples", 6, 6, plotting.image_grid, latent20.sample_mean(100, rng))
        self._manifold(latent2)
        self._scatter(latent2)

    def _picture(self, name, width, height, draw, *arrays):
        drawn, ax = plotting.figure(width, height)
        draw(ax, *arrays, self.train_set.image_shape)
        plotting.save(drawn, self.folder / f"{name}.png")

    def _learning_curves(self, histories):
        drawn, axes = plotting.figure(9, 3.6, n_columns=len(histories))
        for ax, (name, history) in zip(axes, histories.items(), strict=True):
            plotting.learning_curve(ax, history["epoch"], history["train_elbo"], history["valid_elbo"])
            ax.set_title(f"{self.results[name]['n_latent']} latent dimensions")
        plotting.save(drawn, self.folder / "learning_curve.png")

    def _manifold(self, vae, n=21):
        from scipy.special import ndtri

        # Evenly spaced in probability, so that the picture shows what the prior puts where.
        z = ndtri(np.linspace(0.02, 0.98, n))
        grid = np.stack(np.meshgrid(z, z[::-1]), axis=-1).reshape(-1, 2)  # z_2 grows upwards
        drawn, ax = plotting.figure(7, 7)
        plotting.manifold(ax, vae.decode(grid), self.train_set.image_shape, z, z)
        ax.set_title("mean of p(x|z) at the quantiles of the prior")
        plotting.save(drawn, self.folder / "manifold.png")

    def _scatter(self, vae):
        mu, _ = vae.encode(prepare(vae, self.test_set, "fixed").pixels())
        drawn, ax = plotting.figure(6.4, 6)
        plotting.latent_scatter(ax, mu, self.test_set.labels)
        plotting.save(drawn, self.folder / "latent_scatter.png")

    # --- summary --------------------------------------------------------------------------------

    def summary(self):
        """The numbers as a table for the terminal, which Markdown shows as a table too."""
        head = ("latent", "parameters", "gradient check", "test ELBO", "test log p(x)", "seconds")
        rows = [head, *map(_cells, self.results.values())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_line(row, widths) for row in rows]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        seconds = time.monotonic() - self.started
        return "\n".join(
            [
                *lines,
                "",
                "ELBO and log p(x) in nats a digit, with the standard error over the 2,000 test digits;",
                f"log p(x) by {IMPORTANCE_SAMPLES} importance samples. Gradient check: worst relative error.",
                f"{self.epochs} epochs of {len(self.train_set):,} digits, {seconds:.0f} s in all.",
                f"Figures and models are in {self.folder}/.",
            ]
        )

    def _write_summary(self):
        figures = ("learning_curve", "reconstructions", "samples", "manifold", "latent_scatter")
        pictures = "\n".join(f"\n## {name.replace('_', ' ')}\n\n![{name}]({name}.png)" for name in figures)
        text = f"# A VAE on rendered digits\n\n{self.summary()}\n{pictures}\n"
        with atomic_write(self.folder / "summary.md") as file:
            file.write(text.encode())
        with atomic_write(self.folder / "summary.json") as file:
            file.write(json.dumps({"seed": self.seed, "models": self.results}, indent=1).encode())


def _cells(result):
    test = result["test"]
    return (
        str(result["n_latent"]),
        f"{result['n_parameters']:,}",
        f"{result['gradient_check_worst_relative_error']:.0e}",
        f"{test['elbo']:.2f} +- {test['elbo_error']:.2f}",
        f"{test['log_p']:.2f} +- {test['log_p_error']:.2f}",
        f"{result['seconds_of_training']:.0f}",
    )


def _line(cells, widths):
    padded = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
