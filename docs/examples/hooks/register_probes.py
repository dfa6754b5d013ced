from cefrbench import ProbeCard, ProbeSpec, hookimpl

CARD = ProbeCard(
    name="stiff-ridge",
    description="Ridge regression with strong shrinkage",
    kind="regressor",
    params={"alpha": 10.0},
    source="sklearn.linear_model.Ridge",
)


def make(options):
    from sklearn.linear_model import Ridge

    return Ridge(**CARD.params)


@hookimpl
def register_probes(register):
    register(ProbeSpec(CARD, make))
