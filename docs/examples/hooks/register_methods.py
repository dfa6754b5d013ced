from cefrbench import MethodCard, MethodSpec, Prepared, hookimpl

CARD = MethodCard(
    name="own-centre",
    title="Centring of the sources",
    description="Takes each corpus's mean off its training texts.",
    sees="source",
    moves="features",
    paper="A reference to cite.",
)


class OwnCentre:
    def prepare(self, source, unlabelled):
        X = source.X.copy()
        for corpus in set(source.corpus):
            own = source.corpus == corpus
            X[own] -= X[own].mean(axis=0)
        return Prepared(X, source.y, source.weight)


@hookimpl
def register_methods(register):
    register(MethodSpec(CARD, lambda options: OwnCentre()))
