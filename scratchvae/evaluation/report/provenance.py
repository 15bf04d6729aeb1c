"""Where held-out data come from, and how they were binarized, in words."""

from scratchvae.evaluation.report.words import counted

#: What a split says of the data, beside that of "test" and "all", which need no word.
SEEN = {
    "train": "These are the data that models are trained on: what stands here is not held out.",
    "train+valid": "Among these are the data that models are trained on: what stands here is not held out.",
    "valid": "By these data the epoch, or the model, may have been chosen: what stands here flatters it.",
}


def about_data(dataset):
    """What the data are, as JSON can hold it."""
    return {
        "name": dataset.name,
        "split": dataset.split,
        "n_data": len(dataset),
        "n_values": dataset.n_data,
        "image_shape": dataset.image_shape,
        "binarized": dataset.binarized,
        "is_binary": dataset.is_binary,
        "least": float(dataset.limits[0] / dataset.scale),
        "largest": float(dataset.limits[1] / dataset.scale),
    }


def sentence_on_data(data):
    """How many there are, and of what; `data` as `about_data` gives it."""
    size = f"{counted(data['n_data'], 'data')} of {counted(data['n_values'], 'values')}"
    return f"{size}, of the split {data['split']!r} of {data['name']}."


def sentence_on_bits(data):
    """How they were binarized."""
    if data["binarized"]:
        return f"{data['binarized'][0].upper()}{data['binarized'][1:]}. The bits are the same in every run."
    if data["is_binary"]:
        return "None: the data came as zeros and ones."
    return f"None: the values are as they came, from {data['least']:g} to {data['largest']:g}."


def warnings_on_data(data):
    """A sentence if they are not held out, in a list."""
    return [SEEN[data["split"]]] if data["split"] in SEEN else []
