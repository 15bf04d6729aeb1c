"""ELBO and importance-sampled log p(x) of a trained model on held-out data, in nats a datum, each with
its standard error over the data. Gray data is binarized once, with a fixed seed, for a Bernoulli
likelihood.

With --report FOLDER all that can be said of the model is measured and written there as report.md with
figures, and as report.json: the parts of KL, the latent units with advice on collapsed ones, rate and
distortion, the encoder's share of the gap, log p(x) by annealing between two bounds, reconstructions and
samples. After Ctrl-C the report holds what is done and says that it is partial; the same command goes on."""

from scratchvae.cli.options import (
    add_data,
    add_json,
    add_quiet,
    add_seed,
    as_json,
    binarization_for,
    image_shape,
    load_data,
    note,
)

HELP = "ELBO and log p(x) of a trained model, with standard errors; a report on all of it"
EXAMPLES = """\
  scratchvae evaluate runs/glyphs/best.npz
  scratchvae evaluate runs/glyphs/best.npz --report reports/glyphs
  scratchvae evaluate runs/glyphs/best.npz --report reports/glyphs --sections log_p,units,kl
  scratchvae evaluate runs/mnist/best.npz --data mnist --samples 5000 --json"""
#: Importance samples without and with a report.
FEW, MANY = 128, 1000


def add_arguments(parser):
    """Declare the options."""
    parser.add_argument("model", help="best.npz or last.npz of a run")
    add_data(parser, "glyphs", "test")
    parser.add_argument(
        "--samples",
        type=int,
        metavar="S",
        help=f"importance samples a datum (default {FEW}; {MANY:,} for a report)",
    )
    _add_report(parser.add_argument_group("report"))
    add_seed(parser, "the noise, and of glyphs and subsets")
    add_json(parser)
    add_quiet(parser)


def _add_report(group):
    group.add_argument("--report", metavar="FOLDER", help="write report.md, report.json and figures there")
    group.add_argument(
        "--sections",
        metavar="NAME,NAME",
        help="of log_p, rate_distortion, kl, units, amortization, annealing, bracket, images (default all)",
    )
    group.add_argument(
        "--fitted", type=int, default=100, metavar="N", help="data to which q is fitted each (default 100)"
    )
    group.add_argument(
        "--annealed", type=int, default=10, metavar="N", help="data that are annealed (default 10)"
    )
    group.add_argument(
        "--temperatures", type=int, default=500, metavar="T", help="of the annealing (default 500)"
    )
    group.add_argument("--shape", metavar="HxW", help="of an image (default: as the data have it)")


def run(args):
    """Print the scores, or write the report, and return the exit status."""
    from scratchvae.training import prepare
    from scratchvae.vae import VAE

    settings = None if args.report is None else _settings(args)
    _check_options(args)
    vae = VAE.load(args.model)
    dataset = load_data(args, args.split)
    fixed = "fixed" if binarization_for(vae, dataset) else None
    dataset = prepare(vae, dataset, fixed)
    if args.report is None:
        print(_scores(args, vae, dataset))
    else:
        print(_report(args, vae, _with_shape(args, dataset), settings))
    return 0


def _settings(args):
    """The numbers of the report, refused before anything is read."""
    from scratchvae.evaluation import ReportSettings

    return ReportSettings(
        n_samples=MANY if args.samples is None else args.samples,
        n_fitted=args.fitted,
        n_annealed=args.annealed,
        n_temperatures=args.temperatures,
        seed=args.seed,
    )


def _check_options(args):
    if args.report is None and (args.sections or args.shape):
        raise ValueError("--sections and --shape are of a report: give --report FOLDER too.")


def _with_shape(args, dataset):
    import dataclasses

    if args.shape is None:
        return dataset
    return dataclasses.replace(dataset, image_shape=image_shape(args.shape, dataset.n_data))


def _scores(args, vae, dataset):
    """The scores as text or JSON; at Ctrl-C those of what is done are printed."""
    from tqdm import tqdm

    from scratchvae.evaluation import Results, Scores, evaluate, evidence_so_far

    samples = FEW if args.samples is None else args.samples
    results = Results(len(dataset))
    try:
        with tqdm(total=len(dataset), unit="row", disable=True if args.quiet else None) as shown:
            scores = evaluate(vae, dataset, samples, args.seed, shown.update, results=results)
    except KeyboardInterrupt:
        if results.done.any():
            print(_printed(args, Scores.of(evidence_so_far(results, samples)), dataset), flush=True)
            note(args, "to keep what is done, and go on from it, give --report FOLDER")
        raise
    return _printed(args, scores, dataset)


def _printed(args, scores, dataset):
    import dataclasses

    from scratchvae.evaluation.report.provenance import (
        about_data,
        sentence_on_bits,
        sentence_on_data,
        warnings_on_data,
    )

    if args.json:
        return as_json(dataclasses.asdict(scores))
    data = about_data(dataset)
    said = [sentence_on_data(data), f"Binarization: {sentence_on_bits(data)}", *warnings_on_data(data)]
    return "\n".join([str(scores), *said])


def _report(args, vae, dataset, settings):
    """Write the report; what to print of it."""
    from scratchvae.evaluation import write_report

    bars = _Bars(args.quiet)
    try:
        report = write_report(
            vae,
            dataset,
            args.report,
            settings=settings,
            sections=None if args.sections is None else args.sections.split(","),
            model_file=args.model,
            progress=bars.begin,
        )
    except KeyboardInterrupt:
        bars.end()
        note(args, f"what is done is in {args.report}/report.md: the same command goes on from there")
        raise
    bars.end()
    return report.json() if args.json else report


class _Bars:
    """A progress bar for each section, one after the other."""

    def __init__(self, quiet):
        self.quiet, self.shown = quiet, None

    def begin(self, name, n):
        """Show the bar of the next section, and return what moves it."""
        from tqdm import tqdm

        self.end()
        self.shown = tqdm(total=n, unit="row", desc=name, disable=True if self.quiet else None)
        return self.shown.update

    def end(self):
        """Close the bar that is shown."""
        if self.shown is not None:
            self.shown.close()
